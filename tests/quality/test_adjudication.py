"""What reviewers decide about pairs, and undoing it."""

from __future__ import annotations

import pytest
from django.utils import timezone

from annotator.errors import Conflict, Invalid
from annotator.models import Adjudication, Flag, Image, Member, Pair, Vote
from annotator.quality.adjudication import (
    Unsafe,
    decide_pair,
    last_outcome,
    message_flagger,
    require_up_to_date,
    retire_pair,
    return_pair,
    undo_adjudication,
)
from tests.factories import (
    CampaignFactory,
    FlagFactory,
    ImageFactory,
    MemberFactory,
    ModerationActionFactory,
    PairFactory,
    QuestionFactory,
    UserFactory,
    VoteFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair() -> Pair:
    """Flagged twice, held, and judged."""
    pair = PairFactory(state="held")
    for _ in range(2):
        FlagFactory(assignment__pair=pair, assignment__member__campaign=pair.campaign)
    VoteFactory(assignment__pair=pair, assignment__member__campaign=pair.campaign, assignment__state="answered", choice="b")
    return pair


def state_of(pair: Pair) -> tuple[object, ...]:
    """All that an outcome may change."""
    pair = Pair.objects.select_related("image_a", "image_b").get(pk=pair.pk)
    flags = Flag.objects.filter(assignment__pair=pair).order_by("pk")
    unsafe = [image.is_unsafe for image in pair.images]
    known = (pair.gold_choice, pair.gold_note, pair.gold_use, pair.gold_in_review_since is None)
    live = sorted(Adjudication.objects.filter(pair=pair, undone_at__isnull=True).values_list("outcome", flat=True))
    return pair.state, [flag.resolved_by_id for flag in flags], known, unsafe, live


def test_each_outcome_resolves_the_flags_and_undoing_it_restores_all_of_the_pair(pair: Pair) -> None:
    by, other = UserFactory(), UserFactory()
    for judge, state, unsafe in (
        (lambda: return_pair(pair=pair, by=by), "open", [False, False]),
        (lambda: retire_pair(pair=pair, reason="broken_image", by=by), "held", [False, False]),
        (lambda: retire_pair(pair=pair, reason="unsafe", by=by), "held", [True, True]),
        (lambda: retire_pair(pair=pair, reason="unsafe", unsafe=Unsafe(b=True), by=by), "held", [False, True]),
        (lambda: decide_pair(pair=pair, choices={"overall": "a"}, by=by), "open", [False, False]),
    ):
        before = state_of(pair)
        made = judge()
        assert state_of(pair)[:2] == (state, [by.pk, by.pk])
        assert state_of(pair)[3] == unsafe

        undone = undo_adjudication(adjudication=made, by=other)

        assert state_of(pair) == before
        assert undone.undone_by == other
        with pytest.raises(Conflict):
            undo_adjudication(adjudication=made, by=by)
    assert Vote.objects.get().void_reason is None


@pytest.mark.parametrize("outcome", ["return", "retire", "decide"])
def test_a_known_answer_in_review_is_kept_taken_away_or_changed(outcome: str) -> None:
    pair = PairFactory(gold_choice="a", gold_note="Count.", gold_in_review_since=timezone.now())
    before, by = state_of(pair), UserFactory()

    if outcome == "return":
        made, choice = return_pair(pair=pair, by=by), "a"
    elif outcome == "retire":
        made, choice = retire_pair(pair=pair, reason="other", by=by), None
    else:
        made, choice = decide_pair(pair=pair, choices={"overall": "b"}, by=by), "b"

    pair.refresh_from_db()
    assert (pair.gold_choice, pair.gold_in_review_since) == (choice, None)
    undo_adjudication(adjudication=made, by=by)
    assert state_of(pair) == before


def test_every_pair_that_shows_an_unsafe_image_goes_and_comes_back_with_it() -> None:
    campaign, by = CampaignFactory(), UserFactory()
    pair = PairFactory(campaign=campaign)
    beside = PairFactory(campaign=campaign, prompt=pair.prompt, image_a=pair.image_b)
    same_file = PairFactory(campaign=campaign, image_b__sha256=pair.image_b.sha256)
    harmless = PairFactory(campaign=campaign, prompt=pair.prompt, image_a=pair.image_a)
    elsewhere = ImageFactory(sha256=pair.image_b.sha256)

    made = retire_pair(pair=pair, reason="unsafe", unsafe=Unsafe(b=True), by=by)

    states = dict(Pair.objects.values_list("pk", "state"))
    assert states == {pair.pk: "held", beside.pk: "held", same_file.pk: "held", harmless.pk: "open"}
    assert set(Image.objects.filter(is_unsafe=True)) == {pair.image_b, same_file.image_b}
    assert not Image.objects.get(pk=elsewhere.pk).is_unsafe
    consequence = beside.adjudications.get()
    assert (consequence.unsafe_a, consequence.unsafe_b, consequence.cause) == (True, False, made)
    with pytest.raises(Conflict):
        undo_adjudication(adjudication=consequence, by=by)
    undo_adjudication(adjudication=made, by=by)
    assert set(Pair.objects.values_list("state", flat=True)) == {"open"}
    assert not Image.objects.filter(is_unsafe=True).exists()
    assert not Adjudication.objects.filter(undone_at__isnull=True).exists()


def test_a_retired_pair_comes_back_by_a_return_which_can_be_undone(pair: Pair) -> None:
    by = UserFactory()
    retired = retire_pair(pair=pair, reason="unsafe", by=by)
    with pytest.raises(Conflict):
        retire_pair(pair=pair, reason="other", by=by)
    before = state_of(pair)

    returned = return_pair(pair=pair, by=by)

    assert state_of(pair)[0] == "open"
    assert state_of(pair)[3:] == ([False, False], ["return"])
    undo_adjudication(adjudication=returned, by=by)
    assert state_of(pair) == before
    undo_adjudication(adjudication=retired, by=by)


def test_later_decisions_are_undone_first(pair: Pair) -> None:
    by = UserFactory()
    first = return_pair(pair=pair, by=by)
    second = retire_pair(pair=pair, reason="other", by=by)

    with pytest.raises(Conflict, match="Undo that first"):
        undo_adjudication(adjudication=first, by=by)
    undo_adjudication(adjudication=second, by=by)
    undo_adjudication(adjudication=first, by=by)

    assert pair.adjudications.filter(undone_at__isnull=True).count() == 0


def test_several_questions_are_decided_and_undone_together(pair: Pair) -> None:
    QuestionFactory(campaign=pair.campaign, slug="beauty", position=1)
    by = UserFactory()

    made = decide_pair(pair=pair, choices={"beauty": "both_bad", "overall": "a"}, by=by)

    found = pair.adjudications.order_by("pk").values_list("question__slug", "choice")
    assert list(found) == [("overall", "a"), ("beauty", "both_bad")]
    with pytest.raises(Conflict):
        decide_pair(pair=pair, choices={"beauty": "a"}, by=by)
    undo_adjudication(adjudication=made, by=by)
    assert not pair.adjudications.filter(undone_at__isnull=True).exists()
    decide_pair(pair=pair, choices={"beauty": "a"}, by=by)


@pytest.mark.parametrize("choices", [{}, {"overall": "left"}, {"nothing": "a"}])
def test_a_decision_that_is_none_changes_nothing(pair: Pair, choices: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        decide_pair(pair=pair, choices=choices, by=UserFactory())
    with pytest.raises(Invalid):
        retire_pair(pair=pair, reason="ugly", by=UserFactory())
    with pytest.raises(Invalid):
        return_pair(pair=pair, by=UserFactory(), note="x" * 2001)
    assert not Adjudication.objects.exists()


def test_who_flagged_it_is_written_to_and_it_stays_in_the_queue(pair: Pair) -> None:
    flag, by = Flag.objects.earliest("pk"), UserFactory()
    before = state_of(pair)[:4]

    made = message_flagger(flag=flag, text=" Thank you. ", by=by)

    member = Member.objects.select_related("notice").get(pk=flag.assignment.member_id)
    assert (member.notice.kind, member.notice.note, member.notice.actor) == ("message", "Thank you.", by)
    assert state_of(pair)[:4] == before
    undo_adjudication(adjudication=made, by=by)
    member.refresh_from_db()
    assert member.notice is None
    with pytest.raises(Invalid):
        message_flagger(flag=flag, text=" ", by=by)
    Member.objects.filter(pk=member.pk).update(notice=ModerationActionFactory(member=member, kind="warn"))
    with pytest.raises(Conflict, match="has not read"):
        message_flagger(flag=Flag.objects.get(pk=flag.pk), text="Thank you.", by=by)


def test_a_page_that_is_out_of_date_decides_nothing(pair: Pair) -> None:
    ana = MemberFactory(user__username="ana").user
    seen = last_outcome(pair)
    require_up_to_date(pair=pair, seen=seen)
    return_pair(pair=pair, by=ana)

    with pytest.raises(Conflict, match="ana decided about this pair meanwhile: Returned to circulation"):
        require_up_to_date(pair=pair, seen=seen)
    require_up_to_date(pair=pair, seen=last_outcome(pair))
