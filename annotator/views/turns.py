"""What an annotator does next: judge a pair, read a guideline, or stop, for a reason that is said."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import OuterRef, Subquery
from django.utils import timezone

from annotator import tasks
from annotator.assigning import QUEUE_LOW, next_assignments
from annotator.choices import CampaignState, Choice, FlagReason, MemberState
from annotator.errors import NotAllowed
from annotator.models import Assignment, Campaign, CampaignProgress, Guideline, Image, Member, Question
from annotator.voting import CastVote

AHEAD = 2  # pairs after the current one whose images the browser fetches early
THE_END = {
    *("finished", "judged_all", "seen_all", "under_review", "seats_taken", "closed"),
    *("limit_per_day", "limit_total", "limit_share"),
}


@dataclass(frozen=True)
class Side:
    """One half of the card. `slot` is what a vote for it posts."""

    name: str
    name_stacked: str
    keys: str
    slot: str
    image: Image


@dataclass(frozen=True)
class Card:
    """A pair as it is put before the annotator."""

    assignment: Assignment
    questions: list[Question]
    sides: list[Side]
    ahead: list[Image]

    @property
    def question(self) -> Question | None:
        """The only question; None where there are several."""
        return self.questions[0] if len(self.questions) == 1 else None

    @property
    def both_good(self) -> bool:
        return any(Choice.BOTH_GOOD in question.choices for question in self.questions)

    @property
    def both_bad(self) -> bool:
        return any(Choice.BOTH_BAD in question.choices for question in self.questions)

    @property
    def flag_reasons(self) -> list[tuple[str, str]]:
        return FlagReason.choices


@dataclass(frozen=True)
class Reason:
    """Why there is nothing to judge. `again` says that looking again later may help, `back_at` from when on it does."""

    code: str
    title: str
    text: str
    again: bool = False
    back_at: datetime | None = None

    @property
    def is_the_end(self) -> bool:
        """Whether somebody from a crowd platform has done what they came for."""
        return self.code in THE_END


@dataclass(frozen=True)
class Turn:
    campaign: Campaign
    member: Member
    progress: CampaignProgress
    must_read: bool = False
    card: Card | None = None
    reason: Reason | None = None
    said: str = field(default="")

    @property
    def offers_undo(self) -> bool:
        """Whether there may be a vote to undo. Asks the database nothing: that it is recent enough, the verb finds out."""
        may_judge = self.campaign.state == CampaignState.OPEN and self.member.state == MemberState.ACTIVE
        return may_judge and self.campaign.undo_votes > 0 and self.member.answered_count > 0


def next_turn(member: Member, *, said: str = "") -> Turn:
    """The member's next turn; `said` is what to tell them about the last one. Asks for more work when the queue runs low."""
    campaign, guideline_in_force = campaign_now(member)
    return _turn(member, campaign, guideline_in_force, said=said)


def turn_after(cast: CastVote, queue: list[Assignment], *, said: str) -> Turn:
    """The turn after a vote, whose transaction has brought what is next: nothing more is asked of the database."""
    member = cast.assignment.member
    questions = [vote.question for vote in cast.votes]
    return _turn(member, member.campaign, cast.guideline_in_force, queue=queue, questions=questions, said=said)


def _turn(
    member: Member,
    campaign: Campaign,
    guideline_in_force: int | None,
    *,
    queue: list[Assignment] | None = None,
    questions: list[Question] | None = None,
    said: str,
) -> Turn:
    progress = progress_of(campaign)
    if reason := why_closed(campaign, member):
        return Turn(campaign, member, progress, reason=reason, said=said)
    must_agree = campaign.consent_text_id not in (None, member.consent_accepted_id)
    if must_agree or guideline_in_force not in (None, member.guideline_accepted_id):
        return Turn(campaign, member, progress, must_read=True, said=said)
    try:
        queue = queue or next_assignments(member=member, count=1 + AHEAD)
    except NotAllowed as limit:
        return Turn(campaign, member, progress, reason=why_enough(limit), said=said)
    if not queue:
        reason = why_nothing_left(progress, answered=member.answered_count, lease_seconds=campaign.lease_seconds)
        return Turn(campaign, member, progress, reason=reason, said=said)
    if queue[0].queue_length <= QUEUE_LOW:
        tasks.enqueue(tasks.refill_queue, member.pk)
    return Turn(campaign, member, progress, card=make_card(queue, questions or list(campaign.questions.all())), said=said)


def campaign_now(member: Member) -> tuple[Campaign, int | None]:
    """The member's campaign as it is now with its progress, and the id of the guideline in force, in one query."""
    newest = Guideline.objects.filter(campaign=OuterRef("pk"), published_at__isnull=False).order_by("-version").values("pk")
    campaigns = Campaign.objects.select_related("progress").annotate(guideline_in_force=Subquery(newest[:1]))
    campaign = campaigns.get(pk=member.campaign_id)
    member.campaign = campaign
    return campaign, campaign.guideline_in_force


def progress_of(campaign: Campaign) -> CampaignProgress:
    """The campaign's counters; zeros where nothing was counted yet."""
    return getattr(campaign, "progress", None) or CampaignProgress(campaign=campaign)


def make_card(queue: list[Assignment], questions: list[Question]) -> Card:
    current, *ahead = queue
    pair = current.pair
    slots = [(Choice.A.value, pair.image_a), (Choice.B.value, pair.image_b)]
    left, right = slots if current.a_on_left else reversed(slots)
    sides = [Side("Left", "Top", "1 ArrowLeft", *left), Side("Right", "Bottom", "2 ArrowRight", *right)]
    return Card(current, questions, sides, [image for seat in ahead for image in (seat.pair.image_a, seat.pair.image_b)])


def why_closed(campaign: Campaign, member: Member) -> Reason | None:
    """Why the member may not judge here now, or None where they may."""
    if member.state == MemberState.PAUSED:
        return Reason("member_paused", "You are paused", "A manager has paused your part here. They can tell you more.")
    if member.state == MemberState.SUSPENDED:
        return Reason(
            "member_suspended",
            "Your answers are under review",
            "The managers have suspended your part here, and your answers do not count meanwhile. They can tell you why, and "
            "lift it again.",
        )
    if member.state != MemberState.ACTIVE:
        return Reason("member_out", "Your part here has ended", "You no longer judge pairs here. The managers can tell you more.")
    if campaign.state == CampaignState.DRAFT:
        return Reason("draft", "Not started yet", "The managers are still preparing this campaign.", again=True)
    if campaign.state == CampaignState.PAUSED:
        return Reason("paused", "Paused for now", "The managers have paused this campaign. Your votes are safe.", again=True)
    if campaign.state == CampaignState.CLOSED:
        return Reason("closed", "This campaign is closed", "No more votes are taken. Thank you for yours.")
    return None


def why_enough(limit: NotAllowed, now: datetime | None = None) -> Reason:
    """The limit that the member has reached, and for the day's when the next day begins."""
    if limit.code != "limit_per_day":
        return Reason(limit.code, "You have given all your votes", limit.detail)
    midnight = (now or timezone.now()).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return Reason(limit.code, "Enough for today", limit.detail, again=True, back_at=midnight)


def why_nothing_left(progress: CampaignProgress, *, answered: int, lease_seconds: int) -> Reason:
    """Why an open campaign has no pair for an active member, as far as its counters tell (they are a few seconds old)."""
    if progress.pairs_total == 0:
        return Reason("no_pairs", "No pairs yet", "The managers have not added any pairs to this campaign.", again=True)
    if progress.votes_live >= progress.votes_wanted and progress.pairs_held:
        held = "One pair is" if progress.pairs_held == 1 else f"{progress.pairs_held} pairs are"
        return Reason(
            "under_review",
            "Nothing left for now",
            f"{held} under review by the managers, because people flagged them. All others have the votes they need. "
            "Thank you. Look again in a day or two: what comes back is handed out again.",
            again=True,
        )
    if progress.votes_live >= progress.votes_wanted:
        return Reason("finished", "All done", "Every pair of this campaign has all the votes it needs. Thank you.")
    if answered >= progress.pairs_total - progress.pairs_held:
        return Reason("judged_all", "You have judged every pair", "There is nothing left for you here. Others are still at it.")
    if progress.votes_live + progress.seats_open >= progress.votes_wanted:
        minutes = max(1, round(lease_seconds / 60))
        wait = "a minute" if minutes == 1 else f"{minutes} minutes"
        return Reason(
            "seats_taken",
            "Nothing free right now",
            f"Others are at work on the remaining pairs. Whatever they leave is free again after {wait} at the latest.",
            again=True,
        )
    return Reason("seen_all", "You have been through every pair", "What is left is for others: you have judged or skipped it.")
