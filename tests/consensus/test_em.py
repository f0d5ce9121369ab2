"""The steps that the EM methods share: where they stop, and what they keep."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.consensus.em import MEAN_PART, Step, climb


def creep(state):
    """Towards 1, by a tenth of the way each time; the value is the negative distance squared."""
    moved = state + 0.1 * (1 - state)
    return Step(fit=state.copy(), value=-float(((1 - state) ** 2).sum()), state=moved)


def as_shares(guess):
    return np.clip(guess, 0.0, 1.0)


def test_it_reaches_the_maximum_in_far_fewer_steps_than_plain_em():
    start = np.full(5, 0.95)
    climbed = climb(creep, start, normalise=as_shares, tolerance=1e-9)
    assert climbed.converged
    assert climbed.last.fit == pytest.approx(np.ones(5), abs=1e-6)
    assert len(climbed.history) < 20  # 0.9 ** n falls below 1e-9 after 170


def test_a_guess_that_is_worse_is_not_kept():
    climbed = climb(creep, np.full(5, 0.95), normalise=lambda guess: guess * 0, tolerance=1e-4)
    assert climbed.converged
    assert np.all(np.diff(climbed.history) >= 0)
    assert climbed.last.value == climbed.history[-1]


@pytest.mark.parametrize("limit", range(1, 12))
def test_the_last_step_is_the_one_of_the_last_value(limit):
    for normalise in (as_shares, lambda guess: guess * 0):
        climbed = climb(creep, np.full(5, 0.95), normalise=normalise, tolerance=0.0, iterations_max=limit)
        assert len(climbed.history) <= limit
        again = creep(climbed.last.fit)
        assert again.value == climbed.history[-1] == climbed.last.value
        assert again.state.tolist() == climbed.last.state.tolist()


def test_it_stops_when_no_number_and_hardly_any_on_average_moves():
    state = np.zeros(10)
    climbed = climb(lambda x: Step(None, 0.0, x + 0.9e-6), state, normalise=as_shares, tolerance=1e-6, iterations_max=6)
    assert not climbed.converged  # no number by more than the tolerance, but all of them by nearly as much
    small = 0.9e-6 / MEAN_PART
    assert climb(lambda x: Step(None, 0.0, x + small), state, normalise=as_shares, tolerance=1e-6).converged
