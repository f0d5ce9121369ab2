"""Every closed set of values. Imports nothing of ours, so that anything may import it."""

from __future__ import annotations

from django.db.models import TextChoices


class Choice(TextChoices):
    """An answer to a question about a pair. Never left or right: the side is stored beside it."""

    A = "a", "A is better"
    B = "b", "B is better"
    BOTH_GOOD = "both_good", "Both good"
    BOTH_BAD = "both_bad", "Both bad"


class Label(TextChoices):
    """What the votes on a pair amount to: a choice, or an explicit tie between the leading choices."""

    A = "a", "A is better"
    B = "b", "B is better"
    BOTH_GOOD = "both_good", "Both good"
    BOTH_BAD = "both_bad", "Both bad"
    TIE = "tie", "Tie"


class CampaignState(TextChoices):
    DRAFT = "draft", "Draft"
    OPEN = "open", "Open"
    PAUSED = "paused", "Paused"
    CLOSED = "closed", "Closed"


class PairingRule(TextChoices):
    """How k images of one prompt become pairs."""

    ALL_PAIRS = "all_pairs", "Every image with every other"
    RING = "ring", "Each image with its two neighbours on a shuffled ring"


class PairState(TextChoices):
    OPEN = "open", "In circulation"
    SETTLED = "settled", "Has all its votes"
    HELD = "held", "Taken out until a manager decides"


class AssignmentKind(TextChoices):
    REGULAR = "regular", "Regular"
    TRAINING = "training", "Training"
    GOLD = "gold", "Gold"
    REPEAT = "repeat", "Repeat"
    MACHINE = "machine", "Of a machine"


class AssignmentState(TextChoices):
    """`open` and `answered` seats are live: they count against the pair's votes_wanted."""

    OPEN = "open", "Open"
    ANSWERED = "answered", "Answered"
    SKIPPED = "skipped", "Skipped"
    FLAGGED = "flagged", "Flagged"
    EXPIRED = "expired", "Lease expired"
    RETURNED = "returned", "Returned by suspension or withdrawal"


# What is voided with a suspension. Answers to gold pairs are why, and stay.
SUSPENDABLE_KINDS = (AssignmentKind.REGULAR, AssignmentKind.MACHINE)
LIVE_ASSIGNMENT_STATES = (AssignmentState.OPEN, AssignmentState.ANSWERED)


class VoidReason(TextChoices):
    UNDONE = "undone", "Undone by the annotator"
    SUSPENDED = "suspended", "Annotator suspended"
    WITHDRAWN = "withdrawn", "Annotator withdrew consent"


class FlagReason(TextChoices):
    UNSAFE = "unsafe", "Unsafe content"
    BROKEN_IMAGE = "broken_image", "Broken image"
    BAD_PROMPT = "bad_prompt", "Bad prompt"
    IDENTICAL_IMAGES = "identical_images", "Identical images"


class Role(TextChoices):
    ANNOTATOR = "annotator", "Annotator"
    REVIEWER = "reviewer", "Reviewer"
    MANAGER = "manager", "Manager"


class MemberState(TextChoices):
    ACTIVE = "active", "Active"
    PAUSED = "paused", "Paused"
    SUSPENDED = "suspended", "Suspended"
    WITHDRAWN = "withdrawn", "Withdrew consent"


class MemberKind(TextChoices):
    """What judges. A machine's votes never enter the consensus of people, and are compared with it."""

    HUMAN = "human", "Person"
    MACHINE = "machine", "Machine"


class GoldUse(TextChoices):
    """What a gold pair is for."""

    CHECK = "check", "Mixed in to check annotators"
    TRAINING = "training", "Training, with feedback"


class GoldAct(TextChoices):
    """What is decided about a known answer."""

    MADE = "made", "Made gold"
    CHANGED = "changed", "Changed"
    REMOVED = "removed", "No gold any more"
    REVIEW = "review", "Put up for review"
    KEPT = "kept", "Kept as it was"


class Measure(TextChoices):
    """What a rule of the review looks at, of one annotator."""

    GOLD_ACCURACY = "gold_accuracy", "Right on gold"
    CONSISTENCY = "consistency", "The same again on repeats"
    SIDE_SHARE = "side_share", "Share of one side"
    FAST_RATE = "fast_rate", "Answers that came too fast"
    AGREEMENT = "agreement", "Agreement with others"
    TRUST = "trust", "Trust"
    RECENT_TRUST = "recent_trust", "Trust since their best time"


class Outcome(TextChoices):
    """What a rule of the review does, from the mildest on."""

    WARN = "warn", "Warn"
    PAUSE = "pause", "Pause"
    SUSPEND = "suspend", "Suspend"


class ActionKind(TextChoices):
    """What was done about a member."""

    WARN = "warn", "Warned"
    PAUSE = "pause", "Paused"
    SUSPEND = "suspend", "Suspended"
    LIFT = "lift", "Let work again"
    DISMISS = "dismiss", "Left as it was"
    WITHDRAW = "withdraw", "Withdrew consent"


class AppealState(TextChoices):
    OPEN = "open", "Waits for an answer"
    ACCEPTED = "accepted", "Accepted"
    DECLINED = "declined", "Declined"


class ConsensusMethod(TextChoices):
    MAJORITY = "majority", "Majority"
    DAWID_SKENE = "dawid_skene", "Dawid–Skene"


class ImportState(TextChoices):
    QUEUED = "queued", "Queued"
    READING = "reading", "Reading the file"
    RUNNING = "running", "Ingesting"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class ReleaseState(TextChoices):
    QUEUED = "queued", "Queued"
    BUILDING = "building", "Building"
    READY = "ready", "Ready"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


UNFINISHED_RELEASES = (ReleaseState.QUEUED, ReleaseState.BUILDING)


class PublicationState(TextChoices):
    QUEUED = "queued", "Queued"
    PUBLISHING = "publishing", "Publishing"
    DONE = "done", "Published"
    FAILED = "failed", "Failed"


UNFINISHED_PUBLICATIONS = (PublicationState.QUEUED, PublicationState.PUBLISHING)


class Event(TextChoices):
    """What a webhook is told of."""

    RELEASE_READY = "release.ready", "A release is ready"
    CAMPAIGN_COMPLETE = "campaign.complete", "The last pair has all its votes"
    ANNOTATOR_SUSPENDED = "annotator.suspended", "An annotator is suspended"
    IMPORT_FINISHED = "import.finished", "An import is done or has failed"
    PING = "ping", "A test"


CAMPAIGN_EVENTS = tuple(event for event in Event if event != Event.PING)


class DeliveryState(TextChoices):
    WAITING = "waiting", "To be sent"
    DELIVERED = "delivered", "Delivered"
    FAILED = "failed", "Given up"


class Scope(TextChoices):
    """What a token may do, each further bounded by its user's roles."""

    ANNOTATE = "annotate", "Take assignments and vote"
    IMPORT = "import", "Import pairs"
    EXPORT = "export", "Read votes and releases"
    MANAGE = "manage", "Create and change campaigns"
