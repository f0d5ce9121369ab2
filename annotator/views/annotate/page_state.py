"""What an annotator does next: judge a pair, read the guideline, do the training, or stop for a stated reason."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache, lru_cache
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy, ngettext

from annotator import tasks
from annotator.choices import CampaignState, Choice, FlagReason, MemberState, VoidReason
from annotator.errors import NotAllowed
from annotator.judging.assigning import QUEUE_TARGET, next_assignments, runs_low
from annotator.judging.eligibility import obstacle
from annotator.judging.shown_choices import shown_choice
from annotator.judging.undo import last_action
from annotator.lib.public_ids import ASSIGNMENTS, MEMBERS
from annotator.models import Assignment, Campaign, CampaignProgress, Image, Member, Question, Vote
from annotator.scoring.progress import coarse_share, progress_of
from annotator.views.annotate.notices import Notice, notice_for, what_happened

HELD_LIMIT = 100  # cards that a page may name, far more than it ever holds
AHEAD = 2  # pairs after the current one that the page holds, with their images loaded and decoded
# Pairs that a page holds with their images, so that it goes on without a network: all of the queue where there is plenty for
# everybody. What is fetched counts as shown, and nobody else gets it until its lease runs out; so it is less where pairs run out.
LEAST_DEPTH = 12
THE_END = {
    *("finished", "judged_all", "seen_all", "more_to_come", "under_review", "seats_taken", "closed"),
    *("limit_per_day", "limit_total", "limit_share"),
}


@dataclass(frozen=True)
class ClientState:
    """What the page holds: its cards, how many answers it has not sent yet, and the notice it shows; and `ahead`, how many cards
    are to wait behind the current one."""

    cards: frozenset[int] = frozenset()
    unsent: int = 0
    notice: int | None = None
    ahead: int = AHEAD

    @property
    def wanted(self) -> int:
        """How many assignments to fetch."""
        return min(1 + self.ahead + self.unsent, QUEUE_TARGET)


NOTHING = ClientState()


@dataclass(frozen=True)
class Side:
    """One image of a card. `slot` is what a vote for it posts; `address` is the image's URL without the size."""

    slot: str
    address: str
    width: int
    height: int

    @property
    def sizes(self) -> str:
        """How wide it is shown, so that a browser fetches the copy that it shows."""
        return shown_width(self.width, self.height)


@dataclass(frozen=True)
class Card:
    """A pair as the annotator sees it. `earlier` is the answer they undid, as slug:choice words."""

    assignment: int
    shown_as: int  # the number that stands for the assignment
    prompt: str
    language: str
    left: Side
    right: Side
    earlier: str = ""


@dataclass(frozen=True)
class Reason:
    """Why there is nothing to judge. `again`: it may help to check again later. `back_at`: the time from which it does."""

    code: str
    title: str | Promise
    text: str | Promise
    again: bool = False
    back_at: datetime | None = None
    more: tuple[str, ...] = ()  # further paragraphs

    @property
    def may_appeal(self) -> bool:
        return self.code in ("member_paused", "member_suspended")

    @property
    def is_the_end(self) -> bool:
        """Whether a crowd worker has done all their work here."""
        return self.code in THE_END


# By the codes of eligibility.obstacle.
OBSTACLES = {
    "member_paused": Reason(
        "member_paused",
        gettext_lazy("You are paused"),
        gettext_lazy("You get no pairs in this campaign for now. Your answers so far are safe."),
    ),
    "member_suspended": Reason(
        "member_suspended",
        gettext_lazy("Your answers are under review"),
        gettext_lazy(
            "You are suspended in this campaign, and your answers do not count for now. The managers can lift the suspension."
        ),
    ),
    "member_withdrawn": Reason(
        "member_out",
        gettext_lazy("You left this campaign"),
        gettext_lazy("You can no longer judge pairs here. Ask the managers for details."),
    ),
    "campaign_draft": Reason(
        "draft", gettext_lazy("Not started yet"), gettext_lazy("The managers are still preparing this campaign."), again=True
    ),
    "campaign_paused": Reason(
        "paused",
        gettext_lazy("Campaign paused"),
        gettext_lazy("The managers paused this campaign. Your votes are safe."),
        again=True,
    ),
    "campaign_closed": Reason(
        "closed", gettext_lazy("This campaign is closed"), gettext_lazy("It takes no more votes. Thank you for yours.")
    ),
}


@dataclass(frozen=True)
class PageState:
    """What the page shows next. `cards` are those the page does not hold yet; `queue` names all it should hold."""

    campaign: Campaign
    member: Member
    progress: CampaignProgress
    first: str = ""  # the page to visit before any pair: the guideline, which leads to the consent text, or the training
    cards: list[Card] = field(default_factory=list)
    queue: list[int] = field(default_factory=list)  # by the numbers that stand for the assignments
    has_more: bool = False  # whether the member has more assignments than `queue` names
    lease_left: int = 0  # seconds until the first lease in the queue expires
    questions: list[Question] = field(default_factory=list)
    reason: Reason | None = None
    status_message: str = ""
    undoable_id: int | None = None  # the assignment that `undo` takes back
    notice: Notice | None = None

    @property
    def question(self) -> Question | None:
        """The first question, or None if the campaign has none."""
        return self.questions[0] if self.questions else None

    @property
    def choices(self) -> set[str]:
        """All choices that any question allows."""
        return {choice for question in self.questions for choice in question.choices}

    @property
    def flag_reasons(self) -> list[tuple[str, str]]:
        return [(reason.value, str(reason.label)) for reason in FlagReason]

    @property
    def undoable_shown_as(self) -> int | str:
        return ASSIGNMENTS.show(self.undoable_id) if self.undoable_id else ""

    @property
    def member_shown_as(self) -> int:
        return MEMBERS.show(self.member.pk)

    @property
    def blank_card(self) -> Card:
        """What the script fills in; `address/` is to be replaced."""
        left, right = (Side(slot.value, "address/", 1, 1) for slot in (Choice.A, Choice.B))
        return Card(0, 0, "", "", left, right)

    @property
    def percent(self) -> int:
        return round(100 * coarse_share(self.progress))


def next_state(member: Member, *, client: ClientState = NOTHING, status_message: str = "") -> PageState:
    """What the member does next; `status_message` reports their last action. Refills the queue when it runs low."""
    campaign = campaign_now(member)
    questions = list(campaign.questions.order_by("position"))
    undoable_id = last_undoable(member)
    progress, notice = progress_of(campaign), notice_for(member, known=client.notice)

    def stop(reason: Reason) -> PageState:
        return PageState(
            campaign,
            member,
            progress,
            questions=questions,
            reason=reason,
            status_message=status_message,
            undoable_id=undoable_id,
            notice=notice,
        )

    if reason := why_closed(member):
        return stop(reason)
    must_agree = campaign.consent_text_id not in (None, member.consent_accepted_id)
    if must_agree or campaign.guideline_id not in (None, member.guideline_accepted_id):
        return PageState(campaign, member, progress, first="guideline", status_message=status_message)
    try:
        queue = next_assignments(member=member, count=client.wanted)
    except NotAllowed as limit:
        if limit.code == "training_due":
            return PageState(campaign, member, progress, first="training", status_message=status_message)
        return stop(why_enough(limit))
    if not queue:
        return stop(why_nothing_left(progress, answered=member.answered_count, lease_seconds=campaign.lease_seconds))
    if runs_low(queue[0].queue_length, wanted=client.wanted):
        tasks.enqueue(tasks.refill_queue, member.pk)
    fresh = [seat for seat in queue if seat.pk not in client.cards]
    earlier = earlier_answers(fresh)
    return PageState(
        campaign,
        member,
        progress,
        cards=[make_card(seat, earlier.get(seat.pk, "")) for seat in fresh],
        queue=[ASSIGNMENTS.show(seat.pk) for seat in queue],
        has_more=queue[0].queue_length > len(queue),
        lease_left=int(min((seat.lease_expires_at - timezone.now()).total_seconds() for seat in queue)),
        questions=questions,
        status_message=status_message,
        undoable_id=undoable_id,
        notice=notice,
    )


def depth_for(progress: CampaignProgress) -> int:
    """How many pairs a page may hold: the whole queue while about everybody's share of what is left is as long. In two steps,
    because a number that follows the counters would tell whether somebody's last vote counted."""
    people = 1 + progress.seats_open // QUEUE_TARGET
    share = (progress.votes_wanted - progress.votes_live) // people
    return QUEUE_TARGET if share >= QUEUE_TARGET else LEAST_DEPTH


def last_undoable(member: Member) -> int | None:
    """The assignment that undo takes back, if any."""
    campaign = member.campaign
    may_judge = campaign.state in (CampaignState.OPEN, CampaignState.PAUSED) and member.state == MemberState.ACTIVE
    return last_action(member, timezone.now()) if may_judge and campaign.undo_votes else None


def earlier_answers(seats: list[Assignment]) -> dict[int, str]:
    """The undone answers of those assignments that are open again."""
    undone = Vote.objects.filter(assignment__in=[seat.pk for seat in seats], void_reason=VoidReason.UNDONE).order_by("pk")
    latest: dict[int, dict[str, str]] = defaultdict(dict)
    for seat, question, choice in undone.values_list("assignment", "question__slug", "choice"):
        latest[seat][question] = choice
    return {seat: " ".join(map(":".join, answer.items())) for seat, answer in latest.items()}


def campaign_now(member: Member) -> Campaign:
    """The member's campaign as it is now with its progress, in one query."""
    member.campaign = Campaign.objects.select_related("progress").get(pk=member.campaign_id)
    return member.campaign


def make_card(seat: Assignment, earlier: str = "") -> Card:
    pair = seat.pair
    a, b = make_side(Choice.A.value, pair.image_a), make_side(Choice.B.value, pair.image_b)
    left, right = (a, b) if seat.a_on_left else (b, a)
    return Card(seat.pk, ASSIGNMENTS.show(seat.pk), pair.prompt.text, pair.prompt.language, left, right, earlier)


def make_side(slot: str, image: Image) -> Side:
    return make_side_of(slot, image.public_id, image.width, image.height)


def make_side_of(slot: str, public_id: UUID, width: int, height: int) -> Side:
    return Side(slot, f"{image_root()}{public_id}/", width, height)


@lru_cache(maxsize=1000)
def shown_width(width: int, height: int) -> str:
    """The `sizes` of an image until the script of the page has laid it out (layout.js): beside another of its shape where the
    screen is wider than they are, or stacked, and about 8rem for all that is not an image."""
    ratio = round(width / height, 3)
    beside, stacked = f"min(50vw, {ratio} * max(7rem, 100vh - 8rem))", f"min(100vw, {ratio} * max(7rem, 50vh - 4rem))"
    return f"(min-aspect-ratio: {ratio}) {beside}, {stacked}"


@cache
def image_root() -> str:
    """What the URL of every image begins with. Cached, because `reverse` is too slow for the response to a vote."""
    return reverse("image", args=[UUID(int=0)]).partition(str(UUID(int=0)))[0]


def recorded(answered_count: int, choices: list[str], *, a_on_left: bool) -> str:
    """What was recorded, in words. The count makes each message differ, so that screen readers announce it."""
    if len(choices) == 1:
        answer = choice_in_words(choices[0], a_on_left=a_on_left)
    else:
        answer = ngettext("%(number)s answer", "%(number)s answers", len(choices)) % {"number": len(choices)}
    return format_html(gettext("Recorded: {answer}. {number} judged."), answer=answer, number=answered_count)


def choice_in_words(choice: str, *, a_on_left: bool) -> str:
    shown = shown_choice(choice, a_on_left=a_on_left)
    if shown.wide == shown.stacked:
        return str(shown.wide.sentence)
    sentences = (shown.wide.sentence, shown.stacked.sentence)
    return format_html('<span class="when-wide">{}</span><span class="when-stacked">{}</span>', *sentences)


def why_closed(member: Member) -> Reason | None:
    """Why the member may not judge now, or None if they may."""
    code = obstacle(member)
    if code is None:
        return None
    reason = OBSTACLES[code]
    return replace(reason, more=tuple(what_happened(member))) if reason.may_appeal else reason


def why_enough(limit: NotAllowed, now: datetime | None = None) -> Reason:
    """The limit that the member has reached; for the daily limit also when the next day begins."""
    if limit.code != "limit_per_day":
        return Reason(limit.code, gettext("You have reached your limit"), limit.detail)
    midnight = (now or timezone.now()).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return Reason(limit.code, gettext("Done for today"), limit.detail, again=True, back_at=midnight)


def why_nothing_left(progress: CampaignProgress, *, answered: int, lease_seconds: int) -> Reason:
    """Why an open campaign has no pair for an active member, by its counters, which are a few seconds old."""
    nothing_now = gettext("Nothing left for now")
    if progress.pairs_total == 0:
        return Reason("no_pairs", gettext("No pairs yet"), gettext("The managers have not added any pairs yet."), again=True)
    if progress.votes_live >= progress.votes_wanted and progress.pairs_held:
        words = ngettext(
            "One pair is under review by the managers because of flags. All other pairs have enough votes. Thank you. "
            "Check again in a day or two: reviewed pairs may come back.",
            "%(number)s pairs are under review by the managers because of flags. All other pairs have enough votes. Thank you. "
            "Check again in a day or two: reviewed pairs may come back.",
            progress.pairs_held,
        )
        return Reason("under_review", nothing_now, words % {"number": progress.pairs_held}, again=True)
    if progress.votes_live >= progress.votes_wanted:
        return Reason("finished", gettext("All done"), gettext("Every pair in this campaign has enough votes. Thank you."))
    if progress.votes_to_come and progress.votes_live >= progress.votes_wanted - progress.votes_to_come:
        return Reason("more_to_come", nothing_now, gettext("More pairs are being chosen. Check again in a minute."), again=True)
    if answered >= progress.pairs_total - progress.pairs_held and not progress.votes_to_come:
        words = gettext("There is nothing left for you here. Others are still judging.")
        return Reason("judged_all", gettext("You have judged every pair"), words)
    if progress.votes_live + progress.seats_open >= progress.votes_wanted - progress.votes_to_come:
        minutes = max(1, round(lease_seconds / 60))
        words = ngettext(
            "Others are judging the remaining pairs. Pairs they do not finish become free within a minute.",
            "Others are judging the remaining pairs. Pairs they do not finish become free within %(number)s minutes.",
            minutes,
        )
        return Reason("seats_taken", gettext("Nothing free right now"), words % {"number": minutes}, again=True)
    if progress.votes_to_come:
        words = gettext(
            "You have judged all pairs there are. More are chosen when others have answered these. Check again later."
        )
        return Reason("more_to_come", nothing_now, words, again=True)
    return Reason("seen_all", gettext("You have seen every pair"), gettext("The remaining pairs need other annotators."))
