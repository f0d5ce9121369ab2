"""Every closed set of values. Imports nothing of ours, so that anything may import it."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy, pgettext_lazy


class Choice(TextChoices):
    """An answer to a question about a pair. Never left or right: the side is stored beside it."""

    A = "a", gettext_lazy("A is better")
    B = "b", gettext_lazy("B is better")
    BOTH_GOOD = "both_good", gettext_lazy("Both good")
    BOTH_BAD = "both_bad", gettext_lazy("Both bad")


class Label(TextChoices):
    """What the votes on a pair amount to: a choice, or an explicit tie between the leading choices."""

    A = "a", gettext_lazy("A is better")
    B = "b", gettext_lazy("B is better")
    BOTH_GOOD = "both_good", gettext_lazy("Both good")
    BOTH_BAD = "both_bad", gettext_lazy("Both bad")
    TIE = "tie", gettext_lazy("Tie")


class CampaignState(TextChoices):
    DRAFT = "draft", pgettext_lazy("campaign", "Draft")
    OPEN = "open", pgettext_lazy("campaign", "Open")
    PAUSED = "paused", pgettext_lazy("campaign", "Paused")
    CLOSED = "closed", pgettext_lazy("campaign", "Closed")


class PairingRule(TextChoices):
    """How k images of one prompt become pairs. The names and what they do are in importing/pairing.py."""

    ALL_PAIRS = "all_pairs", gettext_lazy("All pairs: every image with every other")
    RING = "ring", gettext_lazy("Ring: each image with two others, in random order")
    RANDOM_M = "random_m", gettext_lazy("Random: each image with as many others as you set")
    SWISS = "swiss", gettext_lazy("Swiss: images that won about as often meet next")
    INFORMATION_GAIN = "information_gain", gettext_lazy("Information gain: next the pairs that say most about the order")


# Rules that look at votes: a first batch at import, further ones as votes come in (scoring/pair_batches.py).
RULES_IN_BATCHES = (PairingRule.SWISS, PairingRule.INFORMATION_GAIN)


class PairState(TextChoices):
    OPEN = "open", gettext_lazy("Open")
    SETTLED = "settled", gettext_lazy("Settled")
    HELD = "held", gettext_lazy("Held")


class AssignmentKind(TextChoices):
    REGULAR = "regular", gettext_lazy("Regular")
    TRAINING = "training", gettext_lazy("Training")
    GOLD = "gold", gettext_lazy("Gold")
    REPEAT = "repeat", gettext_lazy("Repeat")
    MACHINE = "machine", gettext_lazy("Machine")


class AssignmentState(TextChoices):
    """`open` and `answered` seats are live: they count against the pair's votes_wanted."""

    OPEN = "open", gettext_lazy("Open")
    ANSWERED = "answered", gettext_lazy("Answered")
    SKIPPED = "skipped", gettext_lazy("Skipped")
    FLAGGED = "flagged", gettext_lazy("Flagged")
    EXPIRED = "expired", gettext_lazy("Lease expired")
    RETURNED = "returned", gettext_lazy("Released after suspension or withdrawal")


# What is voided with a suspension. Answers to gold pairs are why, and stay.
SUSPENDABLE_KINDS = (AssignmentKind.REGULAR, AssignmentKind.MACHINE)
LIVE_ASSIGNMENT_STATES = (AssignmentState.OPEN, AssignmentState.ANSWERED)


class VoidReason(TextChoices):
    UNDONE = "undone", gettext_lazy("Undone by the annotator")
    SUSPENDED = "suspended", gettext_lazy("Annotator suspended")
    WITHDRAWN = "withdrawn", gettext_lazy("Annotator withdrew consent")


class FlagReason(TextChoices):
    UNSAFE = "unsafe", gettext_lazy("Unsafe content")
    BROKEN_IMAGE = "broken_image", gettext_lazy("Broken image")
    BAD_PROMPT = "bad_prompt", gettext_lazy("Bad prompt")
    IDENTICAL_IMAGES = "identical_images", gettext_lazy("Identical images")


class AdjudicationOutcome(TextChoices):
    """What a reviewer does about an item of the review queue."""

    RETURN = "return", gettext_lazy("Returned to circulation")
    RETIRE = "retire", gettext_lazy("Retired")
    DECIDE = "decide", gettext_lazy("Decided")
    MESSAGE = "message", gettext_lazy("Message sent")


class RetireReason(TextChoices):
    """Why a pair is retired: as it may be flagged, or otherwise."""

    UNSAFE = "unsafe", gettext_lazy("Unsafe content")
    BROKEN_IMAGE = "broken_image", gettext_lazy("Broken image")
    BAD_PROMPT = "bad_prompt", gettext_lazy("Bad prompt")
    IDENTICAL_IMAGES = "identical_images", gettext_lazy("Identical images")
    OTHER = "other", gettext_lazy("Other reason")


class Role(TextChoices):
    ANNOTATOR = "annotator", gettext_lazy("Annotator")
    REVIEWER = "reviewer", gettext_lazy("Reviewer")
    MANAGER = "manager", gettext_lazy("Manager")


class MemberState(TextChoices):
    ACTIVE = "active", pgettext_lazy("member", "Active")
    PAUSED = "paused", pgettext_lazy("member", "Paused")
    SUSPENDED = "suspended", pgettext_lazy("member", "Suspended")
    WITHDRAWN = "withdrawn", pgettext_lazy("member", "Withdrew consent")


class MemberKind(TextChoices):
    """What judges. A machine's votes never enter the consensus of people, and are compared with it."""

    HUMAN = "human", gettext_lazy("Person")
    MACHINE = "machine", gettext_lazy("Machine")


class GoldUse(TextChoices):
    """What a gold pair is for."""

    CHECK = "check", gettext_lazy("Check: hidden among regular pairs")
    TRAINING = "training", gettext_lazy("Training: with feedback")


class GoldAction(TextChoices):
    """What is decided about a known answer."""

    MADE = "made", gettext_lazy("Marked as gold")
    CHANGED = "changed", gettext_lazy("Changed")
    REMOVED = "removed", gettext_lazy("Removed from gold")
    REVIEW = "review", gettext_lazy("Sent to review")
    KEPT = "kept", gettext_lazy("Kept")


class Measure(TextChoices):
    """What a rule of the review looks at, of one annotator."""

    GOLD_ACCURACY = "gold_accuracy", gettext_lazy("Gold accuracy")
    CONSISTENCY = "consistency", gettext_lazy("Repeat consistency")
    SIDE_SHARE = "side_share", gettext_lazy("Side bias")
    FAST_RATE = "fast_rate", gettext_lazy("Too-fast answers")
    AGREEMENT = (
        "agreement",
        gettext_lazy("Agreement with others"),
    )  # of older rules, for the record: nobody is ruled on by it any more
    TRUST = "trust", gettext_lazy("Trust")
    RECENT_TRUST = "recent_trust", gettext_lazy("Recent trust")


class Outcome(TextChoices):
    """What a rule of the review does, from the mildest on."""

    WARN = "warn", gettext_lazy("Warn")
    PAUSE = "pause", gettext_lazy("Pause")
    SUSPEND = "suspend", gettext_lazy("Suspend")


class ActionKind(TextChoices):
    """What was done about a member."""

    WARN = "warn", gettext_lazy("Warned")
    PAUSE = "pause", gettext_lazy("Paused")
    SUSPEND = "suspend", gettext_lazy("Suspended")
    LIFT = "lift", gettext_lazy("Reinstated")
    DISMISS = "dismiss", gettext_lazy("Dismissed")
    WITHDRAW = "withdraw", gettext_lazy("Withdrew consent")
    MESSAGE = "message", gettext_lazy("Sent a message")


class AppealState(TextChoices):
    OPEN = "open", gettext_lazy("Waiting for an answer")
    ACCEPTED = "accepted", gettext_lazy("Accepted")
    DECLINED = "declined", gettext_lazy("Declined")


class ConsensusMethod(TextChoices):
    MAJORITY = "majority", gettext_lazy("Majority")
    ONE_COIN = "one_coin", gettext_lazy("One-coin Dawid–Skene")
    DAWID_SKENE = "dawid_skene", gettext_lazy("Dawid–Skene")
    MACE = "mace", gettext_lazy("MACE")
    AUTO = "auto", gettext_lazy("Automatic: the one that predicts votes best")


class ImportState(TextChoices):
    QUEUED = "queued", gettext_lazy("Queued")
    READING = "reading", gettext_lazy("Reading file")
    RUNNING = "running", gettext_lazy("Importing")
    DONE = "done", gettext_lazy("Done")
    FAILED = "failed", gettext_lazy("Failed")
    CANCELLED = "cancelled", gettext_lazy("Cancelled")
    UNDONE = "undone", gettext_lazy("Undone")


UNREAD_IMPORTS = (ImportState.QUEUED, ImportState.READING)
UNFINISHED_IMPORTS = (*UNREAD_IMPORTS, ImportState.RUNNING)
UNDOABLE_IMPORTS = (ImportState.DONE, ImportState.CANCELLED)


class ReleaseState(TextChoices):
    QUEUED = "queued", gettext_lazy("Queued")
    BUILDING = "building", gettext_lazy("Building")
    READY = "ready", gettext_lazy("Ready")
    FAILED = "failed", gettext_lazy("Failed")
    CANCELLED = "cancelled", gettext_lazy("Cancelled")
    YANKED = "yanked", gettext_lazy("Yanked")


class ReleaseConfig(TextChoices):
    """What can be in a release besides the votes and leaderboards, which always are."""

    PAIRS = "pairs"
    BINARIZED = "binarized"
    DIFFUSION_DPO = "diffusion_dpo"
    PAIR_INFO = "pair_info"
    LABELS = "labels"
    IMAGES = "images"
    TRL_PREFERENCE = "trl_preference"
    ARENA = "arena"
    PICKAPIC_V2 = "pickapic_v2"
    IMAGE_REWARD_PAIRS = "image_reward_pairs"


RELEASE_CONFIGS: tuple[str, ...] = tuple(ReleaseConfig.values)
USUAL_CONFIGS: tuple[str, ...] = (ReleaseConfig.PAIRS.value, ReleaseConfig.BINARIZED.value, ReleaseConfig.DIFFUSION_DPO.value)
# Each image once and tables without images, so that a later release writes little more than what is new in it.
COMPACT_CONFIGS: tuple[str, ...] = (ReleaseConfig.PAIR_INFO.value, ReleaseConfig.LABELS.value, ReleaseConfig.IMAGES.value)
UNFINISHED_RELEASES = (ReleaseState.QUEUED, ReleaseState.BUILDING)


class PublicationState(TextChoices):
    QUEUED = "queued", gettext_lazy("Queued")
    PUBLISHING = "publishing", gettext_lazy("Publishing")
    DONE = "done", gettext_lazy("Published")
    FAILED = "failed", gettext_lazy("Failed")


UNFINISHED_PUBLICATIONS = (PublicationState.QUEUED, PublicationState.PUBLISHING)


class Event(TextChoices):
    """The events that webhooks receive."""

    RELEASE_READY = "release.ready", gettext_lazy("Release ready")
    CAMPAIGN_COMPLETE = "campaign.complete", gettext_lazy("All pairs settled")
    ANNOTATOR_SUSPENDED = "annotator.suspended", gettext_lazy("Annotator suspended")
    IMPORT_FINISHED = "import.finished", gettext_lazy("Import done, failed or cancelled")
    PING = "ping", gettext_lazy("Test")


CAMPAIGN_EVENTS = tuple(event for event in Event if event != Event.PING)


class DeliveryState(TextChoices):
    WAITING = "waiting", gettext_lazy("Pending")
    DELIVERED = "delivered", gettext_lazy("Delivered")
    FAILED = "failed", gettext_lazy("Failed")


class Scope(TextChoices):
    """What a token may do, within the roles of its user."""

    ANNOTATE = "annotate", gettext_lazy("Take assignments and vote")
    IMPORT = "import", gettext_lazy("Import pairs")
    EXPORT = "export", gettext_lazy("Read votes and releases")
    MANAGE = "manage", gettext_lazy("Create and change campaigns")
