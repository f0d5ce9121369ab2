"""Annotators who answer by chance or by side are found from the others' votes; nobody else is."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.consensus.vote_noise import IS_CHANCE, KINDS, NO_SIDE, noisy_posterior
from tests.consensus.populations import counted, rightness, splits

PAIRS, PEOPLE, VOTES = 1500, 60, 6


def crowd(seed: int, kind: str = "bimodal", *, n_choices: int = 2, bad: int = 0, behaviour: str = "chance"):
    """Task, annotator, choice, side and truth; the first `bad` people answer by `behaviour`."""
    rng = np.random.default_rng(seed)
    split, truth = splits(seed, kind, n_pairs=PAIRS, n_choices=n_choices)
    task = np.repeat(np.arange(PAIRS), VOTES)
    annotator = np.argsort(rng.random((PAIRS, PEOPLE)), axis=1)[:, :VOTES].ravel()
    choice = np.minimum((rng.random((len(task), 1)) > split[task].cumsum(axis=1)).sum(axis=1), n_choices - 1)
    on_left = rng.integers(0, 2, len(task))
    is_other = rng.random(PAIRS) < 0.5  # pairs on which another taste prefers the opposite
    otherwise = {
        "chance": rng.integers(0, n_choices, len(task)),
        "left": np.where(rng.random(len(task)) < 0.9, on_left, choice),
        "taste": np.where(is_other[task], 1 - choice, choice),
    }[behaviour]
    choice = np.where(annotator < bad, otherwise, choice)
    return task, annotator, choice, on_left, truth


def found_in(votes, n_choices: int = 2, **options):
    task, annotator, choice, on_left, _ = votes
    sides = {"on_left": on_left} | options
    return noisy_posterior(task, annotator, choice, n_tasks=PAIRS, n_annotators=PEOPLE, n_choices=n_choices, **sides)


@pytest.mark.parametrize(("behaviour", "n_choices"), [("chance", 2), ("left", 2), ("chance", 3)])
def test_who_does_not_look_is_found_and_labels_are_better_without(behaviour, n_choices):
    votes = crowd(1, n_choices=n_choices, bad=12, behaviour=behaviour)

    found = found_in(votes, n_choices)
    plain = found_in((votes[0], np.arange(len(votes[0])) % PEOPLE, *votes[2:]), n_choices)  # nobody is anybody

    assert found.is_used
    assert not plain.is_used
    assert (found.kind[:12] > 0).sum() >= 10
    assert (found.kind[12:] > 0).sum() <= 1
    assert {KINDS[kind][1] for kind in found.kind[:12].tolist() if kind} == {behaviour}
    truth = votes[4]
    certain = [np.mean(np.log(np.maximum(each.posterior.first[np.arange(PAIRS), truth], 1e-6))) for each in (found, plain)]
    assert certain[0] > certain[1] + 0.01
    right = rightness(found.posterior.first, truth)
    assert np.mean(found.posterior.confidence) == pytest.approx(right.mean(), abs=0.04)


def test_where_all_look_all_are_alike():
    for seed in range(3):
        assert not found_in(crowd(seed)).is_used


def test_coin_flips_are_nobodys_fault():
    for seed in range(3):
        found = found_in(crowd(seed, "even"))
        assert not found.is_used
        assert found.posterior.confidence.max() < 0.75


def test_another_taste_is_not_taken_for_chance():
    for seed in (2, 3, 4):
        found = found_in(crowd(seed, "alike 0.85", bad=6, behaviour="taste"))
        assert not IS_CHANCE[found.kind].any()


def test_the_soft_label_is_of_the_whole_crowd():
    votes = crowd(5, "alike 0.85", bad=20)

    found = found_in(votes)

    assert found.is_used
    label = found.posterior.label
    decided = label < 2
    # 40 of 60 people are with the most common answer at 0.85, the others half of the time.
    is_first = label == votes[4]
    of_label = (40 * np.where(is_first, 0.85, 0.15) + 20 * 0.5) / 60
    said = found.posterior.p[np.arange(PAIRS), np.minimum(label, 1)]
    assert said[decided].mean() == pytest.approx(of_label[decided].mean(), abs=0.02)
    counts = counted(votes[2].reshape(PAIRS, VOTES), 2)
    assert found.posterior.share[decided] == pytest.approx((counts[np.arange(PAIRS), np.minimum(label, 1)] / VOTES)[decided])


def test_without_sides_nobody_is_taken_to_favour_one():
    found = found_in(crowd(6, bad=12, behaviour="left"), on_left=None)

    assert {KINDS[kind][1] for kind in found.kind.tolist()} == {"chance"}


def test_few_votes_a_person_are_not_judged():
    task, _, choice, _, _ = crowd(7, bad=12)
    people = np.arange(len(task)) // 10

    found = noisy_posterior(task, people, choice, n_tasks=PAIRS, n_annotators=people.max() + 1, n_choices=2)

    assert not found.is_used
    assert np.isnan(found.gain)


def test_the_order_of_the_votes_does_not_matter():
    task, annotator, choice, on_left, truth = crowd(8, bad=12)
    order = np.random.default_rng(0).permutation(len(task))

    found = found_in((task, annotator, choice, on_left, truth))
    again = found_in((task[order], annotator[order], choice[order], on_left[order], truth))

    assert np.array_equal(found.posterior.confidence, again.posterior.confidence)
    assert np.array_equal(found.kind, again.kind)


def test_it_takes_no_votes_and_refuses_wrong_ones():
    none = np.zeros(0, dtype=np.int64)
    assert noisy_posterior(none, none, none, n_tasks=2, n_annotators=0, n_choices=2).posterior.label.tolist() == [-1, -1]
    with pytest.raises(ValueError, match="on_left"):
        noisy_posterior([0], [0], [0], n_tasks=1, n_annotators=1, n_choices=2, on_left=[0, NO_SIDE])
    with pytest.raises(ValueError, match="choice codes"):
        noisy_posterior([0], [0], [2], n_tasks=1, n_annotators=1, n_choices=2)
