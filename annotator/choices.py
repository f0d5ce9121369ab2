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
    """How k images of one prompt become pairs. The names and what they do are in importing/pairing.py."""

    ALL_PAIRS = "all_pairs", "All pairs: every image with every other"
    RING = "ring", "Ring: each image with two others, in random order"
    RANDOM_M = "random_m", "Random: each image with as many others as you set"
    SWISS = "swiss", "Swiss: images that won about as often meet next"
    INFORMATION_GAIN = "information_gain", "Information gain: next the pairs that say most about the order"


# Rules that look at votes: a first batch at import, further ones as votes come in (scoring/pair_batches.py).
RULES_IN_BATCHES = (PairingRule.SWISS, PairingRule.INFORMATION_GAIN)


class PairState(TextChoices):
    OPEN = "open", "Open"
    SETTLED = "settled", "Settled"
    HELD = "held", "Held"


class AssignmentKind(TextChoices):
    REGULAR = "regular", "Regular"
    TRAINING = "training", "Training"
    GOLD = "gold", "Gold"
    REPEAT = "repeat", "Repeat"
    MACHINE = "machine", "Machine"


class AssignmentState(TextChoices):
    """`open` and `answered` seats are live: they count against the pair's votes_wanted."""

    OPEN = "open", "Open"
    ANSWERED = "answered", "Answered"
    SKIPPED = "skipped", "Skipped"
    FLAGGED = "flagged", "Flagged"
    EXPIRED = "expired", "Lease expired"
    RETURNED = "returned", "Released after suspension or withdrawal"


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

    CHECK = "check", "Check: hidden among regular pairs"
    TRAINING = "training", "Training: with feedback"


class GoldAction(TextChoices):
    """What is decided about a known answer."""

    MADE = "made", "Marked as gold"
    CHANGED = "changed", "Changed"
    REMOVED = "removed", "Removed from gold"
    REVIEW = "review", "Sent to review"
    KEPT = "kept", "Kept"


class Measure(TextChoices):
    """What a rule of the review looks at, of one annotator."""

    GOLD_ACCURACY = "gold_accuracy", "Gold accuracy"
    CONSISTENCY = "consistency", "Repeat consistency"
    SIDE_SHARE = "side_share", "Side bias"
    FAST_RATE = "fast_rate", "Too-fast answers"
    AGREEMENT = "agreement", "Agreement with others"  # of older rules, for the record: nobody is ruled on by it any more
    TRUST = "trust", "Trust"
    RECENT_TRUST = "recent_trust", "Recent trust"


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
    LIFT = "lift", "Reinstated"
    DISMISS = "dismiss", "Dismissed"
    WITHDRAW = "withdraw", "Withdrew consent"


class AppealState(TextChoices):
    OPEN = "open", "Waiting for an answer"
    ACCEPTED = "accepted", "Accepted"
    DECLINED = "declined", "Declined"


class ConsensusMethod(TextChoices):
    MAJORITY = "majority", "Majority"
    ONE_COIN = "one_coin", "One-coin Dawid–Skene"
    DAWID_SKENE = "dawid_skene", "Dawid–Skene"
    MACE = "mace", "MACE"
    AUTO = "auto", "Automatic: the one that predicts votes best"


class ImportState(TextChoices):
    QUEUED = "queued", "Queued"
    READING = "reading", "Reading file"
    RUNNING = "running", "Importing"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


UNREAD_IMPORTS = (ImportState.QUEUED, ImportState.READING)
UNFINISHED_IMPORTS = (*UNREAD_IMPORTS, ImportState.RUNNING)


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
    """The events that webhooks receive."""

    RELEASE_READY = "release.ready", "Release ready"
    CAMPAIGN_COMPLETE = "campaign.complete", "All pairs settled"
    ANNOTATOR_SUSPENDED = "annotator.suspended", "Annotator suspended"
    IMPORT_FINISHED = "import.finished", "Import done, failed or cancelled"
    PING = "ping", "Test"


CAMPAIGN_EVENTS = tuple(event for event in Event if event != Event.PING)


class DeliveryState(TextChoices):
    WAITING = "waiting", "Pending"
    DELIVERED = "delivered", "Delivered"
    FAILED = "failed", "Failed"


class Scope(TextChoices):
    """What a token may do, within the roles of its user."""

    ANNOTATE = "annotate", "Take assignments and vote"
    IMPORT = "import", "Import pairs"
    EXPORT = "export", "Read votes and releases"
    MANAGE = "manage", "Create and change campaigns"
