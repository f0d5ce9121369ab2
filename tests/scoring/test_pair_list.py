"""The list of pairs: places and words. Its page tests what each filter finds, and test_page_plans what a page costs."""

from __future__ import annotations

import pytest

from annotator.errors import Invalid
from annotator.scoring.pair_list import PairFilter, _as_query, listing, marks
from tests.factories import CampaignFactory, ConsensusFactory, FlagFactory, PairFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("words", "query"),
    [
        ("red cube", "('red':*) & ('cube':*)"),
        ('"red cube" left', "('red' <-> 'cube') & ('left':*)"),
        ("red-ish", "('red' <-> 'ish':*)"),
        ("it's", "('it' <-> 's':*)"),
        ("%&|!()\\", ""),
        ("赤い球", ""),
    ],
)
def test_words_become_a_query_that_can_be_no_other(words: str, query: str) -> None:
    assert _as_query(words) == query


@pytest.mark.parametrize("place", ["x", "1", "1_2_3", "1.5_nan", "1e999_2", "9" * 40 + "_1"])
def test_a_place_of_another_list_is_refused(place: str) -> None:
    campaign = PairFactory().campaign
    with pytest.raises(Invalid):
        listing(campaign, PairFilter()).page(after=place, size=5)


def test_what_it_says_beside_a_pair_is_of_that_pair() -> None:
    campaign = CampaignFactory()
    plain, flagged = PairFactory.create_batch(2, campaign=campaign)
    for _ in range(2):
        FlagFactory(assignment__pair=flagged, assignment__member__campaign=campaign)

    assert marks(campaign, [plain.pk, flagged.pk]) == {plain.pk: (0, False), flagged.pk: (2, False)}


def test_labels_of_all_kinds_are_in_one_order() -> None:
    campaign = CampaignFactory()
    sure = [0.9, 0.5, 0.7, 0.7, 0.6]
    for confidence, label in zip(sure, ["a", "b", "tie", "both_good", "both_bad"], strict=True):
        ConsensusFactory(pair=PairFactory(campaign=campaign), label=label, confidence=confidence)
    order = listing(campaign, PairFilter(sort="confidence"))

    first = order.page(size=3)
    rest = order.page(after=first.end, size=3)

    numbers = [row.pair_id for row in (*first.rows, *rest.rows)]
    found = [campaign.pairs.get(pk=number).consensus.get().confidence for number in numbers]
    assert found == sorted(sure)
    assert (first.is_full, rest.is_full, rest.end) == (True, False, "")
