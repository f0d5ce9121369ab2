"""How sure labels are, and how often that came true in the campaign itself."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from annotator.scoring.statistics.confidence import calibration_of, confidence_of_questions
from tests.scoring.statistics.simulated import coin_flips, simulated, tastes


def test_where_people_agree_labels_are_sure_and_the_prior_says_why():
    [found] = confidence_of_questions(simulated(1, probabilities=tastes(2, 1500, 0.9), votes_wanted=5, votes_max=5))

    assert (found.question, found.pairs, found.prior.pairs_with_two_votes) == ("overall", 1500, 1500)
    assert found.mean > 0.9
    assert found.share_sure > 0.8
    assert found.prior.agreement == pytest.approx(0.83, abs=0.03)
    assert found.prior.with_the_first == pytest.approx(0.9, abs=0.03)
    assert found.prior.nearly_even < 0.05
    assert sum(row.share for row in found.prior.mean_split) == pytest.approx(1, abs=1e-4)
    assert found.expected is None


def test_of_coin_flips_nothing_is_sure_and_nothing_is_expected_to_be_saved():
    [found] = confidence_of_questions(simulated(1, probabilities=coin_flips(1500)))

    assert found.mean < 0.35
    assert found.share_sure == 0
    assert found.prior.nearly_even > 0.9
    assert (found.expected.is_known, found.expected.saving) == (True, 0.0)


def test_what_the_rule_saves_is_expected_from_the_votes():
    [found] = confidence_of_questions(simulated(1, probabilities=tastes(2, 3000, 0.85), audit_rate=0.1))

    assert found.expected.saving > 0.3
    assert found.expected.votes_per_pair < 4


@pytest.mark.parametrize(("votes_wanted", "votes_max", "audit_rate"), [(2, 7, 0.3), (6, 6, 0.0)])
@pytest.mark.parametrize("level", [0.65, 0.85])
def test_what_was_said_by_some_votes_comes_true_in_the_others(votes_wanted, votes_max, audit_rate, level):
    rule = {"votes_wanted": votes_wanted, "votes_max": votes_max, "audit_rate": audit_rate}
    data = simulated(3, probabilities=tastes(4, 4000, level), **rule)

    found = calibration_of(data, 0)

    assert found.pairs == (int(data.pairs.is_audit.sum()) if audit_rate else 4000)
    assert found.votes_known == (2 if audit_rate else 3)
    assert sum(row.pairs for row in found.rows) == found.pairs
    off = np.array([[row.pairs, row.said - row.came_true] for row in found.rows if row.pairs >= 100])
    assert np.abs(off[:, 0] @ off[:, 1] / off[:, 0].sum()) < 0.06
    assert off[:, 1].max() < 0.08


def test_pairs_that_stopped_by_what_people_said_check_nothing():
    assert calibration_of(simulated(1, probabilities=coin_flips(100)), 0) is None
    assert calibration_of(simulated(1, probabilities=coin_flips(100), votes_wanted=1, votes_max=1), 0) is None


def test_without_votes_nothing_is_said():
    data = simulated(1, probabilities=coin_flips(5))
    none = data.votes.where(np.zeros(len(data.votes), dtype=np.bool_))

    [found] = confidence_of_questions(dataclasses.replace(data, votes=none))

    assert (found.pairs, found.mean, found.share_sure, found.calibration) == (0, None, None, None)
