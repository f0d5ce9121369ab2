"""All that is known of one pair: its votes, its label and how that came about, its flags and what reviewers decided."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from annotator.choices import AssignmentKind, Choice, Label, MemberKind, MemberState
from annotator.models import Assignment, Consensus, Flag, Pair, Question, Vote

VOTES_SHOWN = 300  # the newest; a gold pair may have thousands


@dataclass(frozen=True)
class GivenVote:
    """A vote with what its annotator saw. `side` is where the chosen image was: left, right, or empty for a tie."""

    vote: Vote
    seat: Assignment
    side: str
    counts: bool  # towards the label

    @property
    def seconds(self) -> float | None:
        return None if self.vote.elapsed_ms is None else self.vote.elapsed_ms / 1000


@dataclass(frozen=True)
class LabelStep:
    """What the votes amounted to after one more of them."""

    given: GivenVote
    counts: dict[str, int]
    label: Label


def votes_on(pair: Pair) -> list[GivenVote]:
    """The votes on all questions in the order they were cast: all kinds, void ones too."""
    seats = {
        seat.pk: seat
        for seat in Assignment.objects.filter(pair=pair).select_related("member__user", "guideline").order_by("-pk")[:VOTES_SHOWN]
    }
    votes = Vote.objects.filter(assignment__in=list(seats)).select_related("question", "voided_by").order_by("pk")
    return [_as_given(vote, seats[vote.assignment_id]) for vote in votes]


def _as_given(vote: Vote, seat: Assignment) -> GivenVote:
    side = ""
    if vote.choice in (Choice.A, Choice.B):
        side = "left" if (vote.choice == Choice.A) == seat.a_on_left else "right"
    member = seat.member
    is_counted = (
        vote.void_reason is None
        and seat.kind == AssignmentKind.REGULAR
        and member.kind == MemberKind.HUMAN
        and member.state != MemberState.WITHDRAWN
    )
    return GivenVote(vote, seat, side, is_counted)


def label_steps(given: Iterable[GivenVote], question: Question) -> list[LabelStep]:
    """How the majority on a question came about, a step for each vote that counts."""
    counts = dict.fromkeys(Choice.values, 0)
    steps = []
    for one in given:
        if one.counts and one.vote.question_id == question.pk:
            counts = counts | {one.vote.choice: counts[one.vote.choice] + 1}
            steps.append(LabelStep(one, counts, majority(counts)))
    return steps


def majority(counts: dict[str, int]) -> Label:
    """The choice with the most votes, or a tie between several."""
    most = max(counts.values())
    leading = [choice for choice, count in counts.items() if count == most]
    return Label(leading[0]) if len(leading) == 1 else Label.TIE


def labels_of(pair: Pair) -> list[Consensus]:
    """What the votes amount to, by each question and method."""
    return list(Consensus.objects.filter(pair=pair).select_related("question").order_by("question__position", "method"))


def flags_on(pair: Pair) -> list[Flag]:
    """The newest first, resolved ones too."""
    seats = Assignment.objects.filter(pair=pair, flag__isnull=False).values("pk")
    flags = Flag.objects.filter(assignment__in=seats).select_related("assignment__member__user", "resolved_by")
    return list(flags.order_by("-pk")[:VOTES_SHOWN])
