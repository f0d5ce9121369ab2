"""Tastes: groups are found where there are some, and none where there are none."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.consensus.tastes import DRAWS, UNPLACED, VOTES_MIN, tastes


def crowd(seed: int, groups, *, pairs: int = 300, votes: int = 5, kinds: int = 2):
    """Votes of groups of (people, care, share of pairs on which they prefer the other image), `votes` on each pair."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(len(groups)), [people for people, _, _ in groups])
    care = np.repeat([care for _, care, _ in groups], [people for people, _, _ in groups])
    truth = rng.integers(0, kinds, pairs)
    is_opposite = rng.random((len(groups), pairs)) < np.array([[share] for _, _, share in groups])
    votes = min(votes, len(group))
    task = np.repeat(np.arange(pairs), votes)
    by = np.argsort(rng.random((pairs, len(group))), axis=1)[:, :votes].ravel()
    wanted = np.where(is_opposite[group[by], task] & (truth[task] < 2), 1 - truth[task], truth[task])
    said = np.where(rng.random(len(by)) < care[by], wanted, rng.integers(0, kinds, len(by)))
    return by, task, said, group


def found_in(seed: int, groups, **shape):
    by, task, said, group = crowd(seed, groups, **shape)
    return tastes(by, task, said, n_annotators=len(group), n_tasks=int(task.max()) + 1), group


def test_two_tastes_are_found_with_their_people():
    found, group = found_in(1, [(12, 0.85, 0.0), (8, 0.85, 0.5)])

    assert found.sizes.tolist() == [12, 8]
    assert (found.group == group).all()
    assert found.p_value == 1 / (DRAWS + 1)
    assert found.agreement[0, 0] == pytest.approx(found.agreement[1, 1], abs=0.08)
    assert found.agreement[0, 1] < found.agreement[0, 0] - 0.2


def test_three_tastes_are_found():
    found, group = found_in(2, [(9, 0.9, 0.0), (7, 0.9, 0.5), (6, 0.9, 0.5)], pairs=400)

    assert found.n_groups == 3
    placed = found.group != UNPLACED
    assert placed.mean() > 0.85
    assert (found.group == group)[placed].all()


@pytest.mark.parametrize(
    "groups",
    [
        [(15, 0.0, 0.0)],  # pure noise
        [(15, 0.8, 0.0)],  # one taste
        [(10, 0.9, 0.0), (5, 0.0, 0.0)],  # a third guesses
        [(14, 0.9, 0.0), (1, 0.9, 0.5)],  # one person alone is no group
    ],
    ids=["noise", "one taste", "guessers", "alone"],
)
def test_where_there_is_one_taste_there_is_no_evidence(groups):
    for seed in range(6):
        found, _ = found_in(seed, groups, kinds=2 + seed % 2)

        assert found.n_groups == 0
        assert (found.group == UNPLACED).all()
        assert found.compared == 15


def test_the_people_who_guess_are_in_no_group():
    found, group = found_in(5, [(9, 0.9, 0.0), (8, 0.9, 0.5), (4, 0.0, 0.0)], pairs=400)

    assert found.n_groups == 2
    assert (found.group[group == 2] == UNPLACED).sum() >= 3


def test_too_few_votes_or_people_are_not_compared():
    by, task, said, _ = crowd(6, [(12, 0.9, 0.0), (8, 0.9, 0.5)], pairs=VOTES_MIN)
    few = tastes(by, task, said, n_annotators=20, n_tasks=VOTES_MIN)
    assert (few.compared, few.n_groups) == (0, 0)
    assert np.isnan(few.p_value)

    nothing = tastes([], [], [], n_annotators=3, n_tasks=0)
    assert (nothing.compared, nothing.n_groups) == (0, 0)


def test_who_judges_alone_is_not_compared():
    alone = tastes(np.repeat(np.arange(6), 30), np.arange(180), np.zeros(180, int), n_annotators=6, n_tasks=180)
    assert alone.compared == 0


def test_the_same_votes_give_the_same_groups():
    first, _ = found_in(7, [(12, 0.85, 0.0), (8, 0.85, 0.5)])
    again, _ = found_in(7, [(12, 0.85, 0.0), (8, 0.85, 0.5)])
    assert (first.group == again.group).all()


def test_codes_out_of_range_are_refused():
    with pytest.raises(ValueError, match="annotator"):
        tastes([0, 9], [0, 0], [0, 1], n_annotators=2, n_tasks=1)
