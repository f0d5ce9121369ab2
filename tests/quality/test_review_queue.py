"""The review queue: what waits, in which order, and who looks at it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from annotator.errors import Invalid
from annotator.models import Campaign
from annotator.quality.adjudication import decide_pair, return_pair
from annotator.quality.review_queue import Kind, counts, kinds_of_pair, leave_item, next_item, note_presence
from tests.factories import AppealFactory, CampaignFactory, ConsensusFactory, FlagFactory, PairFactory, UserFactory

pytestmark = pytest.mark.django_db


def walk(campaign: Campaign, kind: str = "") -> list[tuple[str, int]]:
    """All items, as somebody sees them who skips each."""
    found: list[tuple[str, int]] = []
    item = next_item(campaign, kind=kind)
    while item is not None:
        found.append((item.kind.value, item.number))
        item = next_item(campaign, kind=kind, after=item.place)
    return found


def test_all_kinds_come_one_after_the_other_and_what_is_judged_comes_no_more() -> None:
    campaign, by = CampaignFactory(), UserFactory()
    appeal = AppealFactory(member__campaign=campaign)
    AppealFactory(member__campaign=campaign, state="declined", answered_at=timezone.now())
    flagged = FlagFactory(assignment__member__campaign=campaign).assignment.pair
    FlagFactory(assignment__member__campaign=campaign, assignment__pair=flagged)
    gold = PairFactory(campaign=campaign, gold_choice="a", gold_in_review_since=timezone.now())
    tie = ConsensusFactory(pair=PairFactory(campaign=campaign, state="settled"), label="tie", n_a=3, n_b=3).pair
    smaller_tie = ConsensusFactory(pair=PairFactory(campaign=campaign, state="settled"), label="tie", n_a=2, n_b=2).pair
    ConsensusFactory(pair=PairFactory(campaign=campaign), label="tie", n_a=3, n_b=3)  # more votes come
    far, near = PairFactory(campaign=campaign, image_distance=5), PairFactory(campaign=campaign, image_distance=0)
    for other in (FlagFactory().assignment.pair, PairFactory(image_distance=0)):
        ConsensusFactory(pair=other, label="tie")

    everything = [
        ("appeal", appeal.pk),
        ("flag", flagged.pk),
        ("gold", gold.pk),
        ("undecided", tie.pk),
        ("undecided", smaller_tie.pk),
        ("alike", near.pk),
        ("alike", far.pk),
    ]
    assert walk(campaign) == everything
    for kind in Kind:
        assert walk(campaign, kind) == [item for item in everything if item[0] == kind]
    assert list(counts(campaign).values()) == [1, 1, 1, 2, 2]
    assert kinds_of_pair(tie, labels=tie.consensus.all(), adjudications=[], flags=0) == [Kind.UNDECIDED]
    assert kinds_of_pair(near, labels=[], adjudications=[], flags=1) == [Kind.FLAG, Kind.ALIKE]

    for pair in (flagged, gold, near):
        return_pair(pair=pair, by=by)
    decide_pair(pair=tie, choices={"overall": "a"}, by=by)

    assert walk(campaign) == [("appeal", appeal.pk), ("undecided", smaller_tie.pk), ("alike", far.pk)]
    FlagFactory(assignment__member__campaign=campaign, assignment__pair=flagged)
    assert ("flag", flagged.pk) in walk(campaign)


@pytest.mark.parametrize("place", ["x", "flag:", "flag:x", "flag:1", "nothing:1", "flag:1_1e999", "gold:" + "9" * 30])
def test_a_place_that_is_none_is_refused(place: str) -> None:
    with pytest.raises(Invalid):
        next_item(CampaignFactory(), after=place)
    with pytest.raises(Invalid):
        next_item(CampaignFactory(), kind="nothing")


def test_two_who_look_at_one_item_are_told_of_each_other() -> None:
    campaign, ana, bo = CampaignFactory(), UserFactory(), UserFactory()
    now = timezone.now()

    assert note_presence(campaign=campaign, item="pair-1", user=ana, now=now) == []
    assert note_presence(campaign=campaign, item="pair-1", user=bo, now=now) == [ana]
    assert note_presence(campaign=campaign, item="pair-1", user=ana, now=now) == [bo]
    assert note_presence(campaign=campaign, item="pair-2", user=ana, now=now) == []
    assert note_presence(campaign=campaign, item="pair-1", user=bo, now=now + timedelta(minutes=2)) == []
    leave_item(campaign=campaign, item="pair-1", user=bo)
    assert note_presence(campaign=campaign, item="pair-1", user=ana, now=now + timedelta(minutes=2)) == []
