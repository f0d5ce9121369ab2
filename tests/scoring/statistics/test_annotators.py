"""Annotators, how far few of them decide, the checks on them, and machines beside them: counted by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from annotator.scoring.statistics.annotators import medians_of
from annotator.scoring.statistics.load import NONE
from tests.factories import MemberFactory
from tests.released import vote
from tests.scoring.statistics.by_hand import NOON, pair_of, people, statistics

pytestmark = pytest.mark.django_db(transaction=True)  # what is read through Arrow is what is committed


def test_gold_and_repeats(campaign):
    anna, bert = people(campaign, 2)
    gold, in_review = pair_of(campaign, gold_choice="a"), pair_of(campaign, gold_choice="a", gold_in_review_since=NOON)
    for pair, member, choice in ((gold, anna, "a"), (gold, bert, "both_bad"), (in_review, anna, "b")):
        vote(pair, choice, member=member, assignment__kind="gold")
    for first, second in (("a", "a"), ("b", "a"), ("both_good", "both_good")):
        pair = pair_of(campaign)
        vote(pair, first, member=anna)
        vote(pair, second, member=anna, assignment__kind="repeat")
    result = statistics(campaign)["gold"]
    assert (result["pairs"], result["annotators"]) == (1, 2)
    assert (result["accuracy"]["k"], result["accuracy"]["n"], result["accuracy"]["rate"]) == (1, 2, 0.5)
    # Clopper–Pearson of 1 of 2: 1 - sqrt(0.975) and sqrt(0.975).
    assert result["accuracy"]["lower"] == pytest.approx(1 - math.sqrt(0.975), abs=1e-6)
    assert result["accuracy"]["upper"] == pytest.approx(math.sqrt(0.975), abs=1e-6)
    assert (result["repeats_alike"]["k"], result["repeats_alike"]["n"]) == (2, 3)


def test_concentration(campaign):
    anna, bert = people(campaign, 2)
    people(campaign, 1)  # who never voted
    for number in range(4):
        pair = pair_of(campaign)
        vote(pair, "a", member=anna)
        if number == 0:
            vote(pair, "a", member=bert)
    result = statistics(campaign)
    assert result["concentration"] == {
        "annotators": 2,
        "gini": pytest.approx(0.3),
        "top_1_share": 0.8,
        "top_5_share": 1.0,
        "top_10_share": 1.0,
        "effective_annotators": pytest.approx(1 / (0.64 + 0.04), abs=1e-6),
    }
    assert [(row["votes"], row["share"]) for row in result["annotators"]] == [(4, 0.8), (1, 0.2)]


def test_labels_that_hang_on_one_annotator(campaign):
    anna, bert, carl = people(campaign, 3)
    for choices in ("aab", "ab", "a", "aaa"):
        pair = pair_of(campaign)
        for member, choice in zip((anna, bert, carl), choices, strict=False):
            vote(pair, choice, member=member)
    result = statistics(campaign)
    assert result["leave_one_out"] == {
        "pairs": 4,
        "most_changed": 2,
        "most_changed_share": 0.5,
        "pairs_that_hang_on_one": 2,
    }
    # aab: without Anna or Bert a tie; without Carl still a. ab: without either, the other. a: only Anna judged it.
    rows = {row["annotator"]: (row["labels_changed"], row["labels_lost"]) for row in result["annotators"]}
    assert rows == {anna.public_id: (2, 1), bert.public_id: (2, 0), carl.public_id: (0, 0)}


def test_machines_are_compared_with_people_and_change_nothing(campaign):
    machine = MemberFactory(campaign=campaign, kind="machine")
    for choices, said in (("aa", "a"), ("bb", "a"), ("ab", "a"), ("", "a")):
        pair = pair_of(campaign)
        for choice in choices:
            vote(pair, choice)
        vote(pair, said, member=machine)
    result = statistics(campaign)
    (row,) = result["machines"]
    assert (row["machine"], row["votes"], row["agreement"]["k"], row["agreement"]["n"]) == (machine.public_id, 4, 1, 2)
    assert result["votes_counted"] == 6


@pytest.mark.parametrize("seed", range(3))
def test_medians_of_groups_are_the_medians_of_each(seed):
    rng = np.random.default_rng(seed)
    group, values = rng.integers(0, 5, 200), rng.integers(0, 1000, 200)
    values[rng.random(200) < 0.2] = NONE
    expected = [np.median(values[(group == each) & (values != NONE)]) for each in range(5)]
    assert medians_of(group, values, 5).tolist() == expected


def test_a_group_without_values_has_no_median():
    medians = medians_of(np.array([1, 2, 2]), np.array([NONE, 4, 6]), 4)
    assert np.isnan(medians[[0, 1, 3]]).all()
    assert medians[2] == 5
