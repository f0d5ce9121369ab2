import numpy as np
import pytest

from benchmarks import trust
from benchmarks.support import crowd_truth
from benchmarks.support.collected import RULES, collect
from benchmarks.support.crowds import CROWDS
from benchmarks.support.published import Intervals

CACHED = ("of_crowd", "_bank", "board_of_crowd", "population_of", "votes_of_crowd", "gold_of_crowd")


@pytest.fixture(autouse=True)
def small_banks(monkeypatch):
    """Samples that take no time. They are less exact than those of the benchmark."""

    def forget():
        for name in CACHED:
            getattr(crowd_truth, name).cache_clear()

    forget()
    for name, value in {"BANK_CROWDS": 6, "BANK_PROMPTS": 60, "SAME_PROMPTS": 60, "POPULATION": 60, "VOTE_PROMPTS": 60}.items():
        monkeypatch.setattr(crowd_truth, name, value)
    yield
    forget()


def test_a_campaign_is_in_the_table(capsys):
    cell = trust.Cell("adaptive", "20 % spammers")
    tally = trust.Tally(cell, [trust.run_campaign(cell, 1, with_command=False)])
    trust.show({cell: tally})
    printed = capsys.readouterr().out
    for figure in ("alpha", "ordinal alpha", "score", "ranks, all at once", "gold accuracy", "audit pairs: votes saved"):
        [row] = [line for line in printed.splitlines() if line.startswith(f"| adaptive | {figure} |")]
        assert "±" in row
    assert tally.people("guess") != "–"
    assert tally.people("look, with another taste") == "–"


@pytest.mark.parametrize("crowd", ["left bias", "two tastes", "pure noise"])
def test_the_truth_is_what_many_votes_come_to(crowd):
    pairs = same = left = decided = 0.0
    for seed in range(12):
        found = collect(seed, RULES["fixed"], CROWDS[crowd])
        counts = found.counts()
        same += (counts * (counts - 1)).sum() / 20
        is_decided = found.votes.choice < 2
        left += (is_decided & ((found.votes.choice == 0) == found.votes.a_on_left)).sum()
        decided += is_decided.sum()
        pairs += len(counts)
    true = crowd_truth.agreement_values(crowd_truth.of_crowd(crowd), 5)
    assert same / pairs == pytest.approx(true["same answer"], abs=0.02)
    assert left / decided == pytest.approx(true["left share"], abs=0.02)


def test_pure_noise_has_no_agreement_and_no_order():
    crowd_truth.prepare("pure noise")
    true = crowd_truth.agreement_values(crowd_truth.of_crowd("pure noise"), 2)
    assert true["alpha"] == pytest.approx(0, abs=1e-9)
    assert true["ordinal alpha"] == pytest.approx(0, abs=1e-9)
    assert np.ptp(crowd_truth.board_of_crowd("pure noise").score) == 0


def test_undefined_intervals_hold_nothing_and_miss_nothing():
    some = Intervals(np.array([0.0, np.nan, 0.4]), np.array([0.5, np.nan, 0.6]))
    assert some.share_with(0.3) == 0.5
    assert np.isnan(Intervals(np.array([np.nan]), np.array([1.0])).share_with(0.3))
