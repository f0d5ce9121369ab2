"""Trust: found again where it is known, said by nothing where nothing is, and as rarely wrong as it says."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.consensus.trust import NONE, SKILLS, Answers, trust


def answers_of(annotator, task, choice, known=None, first=None, counts=None) -> Answers:
    nothing = np.full(len(annotator), NONE)
    return Answers(
        annotator=annotator,
        task=task,
        choice=choice,
        known=nothing if known is None else known,
        first=nothing if first is None else first,
        counts=np.ones(len(annotator), dtype=int) if counts is None else counts,
    )


def crowd(seed: int, right, *, n_tasks: int, votes: int, n_choices: int = 2):
    """Votes of annotators who are right with the given probabilities, `votes` on each task, in random order."""
    rng = np.random.default_rng(seed)
    right = np.asarray(right)
    truth = rng.integers(0, n_choices, n_tasks)
    task = np.repeat(np.arange(n_tasks), votes)
    annotator = np.argsort(rng.random((n_tasks, len(right))), axis=1)[:, :votes].ravel()
    wrong = (truth[task] + rng.integers(1, n_choices, len(task))) % n_choices
    choice = np.where(rng.random(len(task)) < right[annotator], truth[task], wrong)
    order = rng.permutation(len(task))
    return annotator[order], task[order], choice[order]


def judged(annotator, task, choice, n_choices: int = 2, **columns):
    n_annotators = int(np.max(annotator, initial=-1)) + 1
    n_tasks = int(np.max(task, initial=-1)) + 1
    return trust(answers_of(annotator, task, choice, **columns), n_annotators=n_annotators, n_tasks=n_tasks, n_choices=n_choices)


@pytest.mark.parametrize("n_choices", [2, 4])
def test_skill_is_found_again(n_choices):
    right = np.array([0.9] * 20 + [1 / n_choices] * 3)  # the last three are at chance
    found = judged(*crowd(1, right, n_tasks=2000, votes=4, n_choices=n_choices), n_choices=n_choices)

    assert found.skill[:20].mean() == pytest.approx(1.0, abs=0.05)
    assert found.skill[20:] == pytest.approx(0, abs=0.15)
    assert (found.lower <= found.skill).all()
    assert (found.upper >= found.skill).all()
    assert np.diag(found.confusion) == pytest.approx(0.9, abs=0.02)


def test_somebody_between_good_and_chance_is_found_between():
    right = [0.9] * 20 + [0.7]  # half of the way from 1/2
    found = judged(*crowd(2, right, n_tasks=3000, votes=4))

    assert found.skill[20] == pytest.approx(0.5, abs=0.15)
    assert found.lower[20] <= 0.5 <= found.upper[20]


def test_who_answers_the_opposite_has_a_skill_below_nought():
    found = judged(*crowd(3, [0.9] * 20 + [0.1], n_tasks=2000, votes=4))

    assert found.skill[20] < -0.5
    assert found.log_odds[20] < -50


def test_trust_falls_with_chance_and_rises_with_good_work():
    found = judged(*crowd(4, [0.88] * 20 + [0.5] * 2, n_tasks=800, votes=3))

    assert (found.log_odds[:20] > 5).all()
    assert (found.log_odds[20:] < -5).all()
    assert found.recent == pytest.approx(np.minimum(found.recent, 0))


def test_good_annotators_hardly_ever_fall_far_however_often_one_looks():
    fallen = total = 0
    for seed in range(12):
        right = np.r_[np.random.default_rng(seed).uniform(0.85, 0.9, 20), [0.5] * 4]
        annotator, task, choice = crowd(100 + seed, right, n_tasks=500, votes=3)
        lowest = np.zeros(len(right))
        for end in range(200, len(task) + 1, 100):
            lowest = np.minimum(lowest, judged(annotator[:end], task[:end], choice[:end]).log_odds[: len(right)])
        fallen, total = fallen + int((lowest[:20] < -5).sum()), total + 20
    assert fallen / total < 0.02


def test_whoever_shares_tasks_with_somebody_at_the_opposite_is_not_held_against():
    """Two who judged the same forty tasks alone: checks say who of them is to be believed."""
    rng = np.random.default_rng(5)
    rest = crowd(5, [0.9] * 10, n_tasks=300, votes=3)
    truth = rng.integers(0, 2, 40)
    shared = [np.repeat([10, 11], 40), np.tile(np.arange(300, 340), 2), np.r_[truth, 1 - truth]]
    checks = [np.repeat([10, 11], 10), np.full(20, 340), np.repeat([0, 1], 10)]
    annotator, task, choice = (np.concatenate(parts) for parts in zip(rest, shared, checks, strict=True))
    known = np.where(task == 340, 0, NONE)

    found = judged(annotator, task, choice, known=known)

    assert found.log_odds[10] > 0
    assert found.log_odds[11] < -5


def test_somebody_who_tires_is_seen_in_what_is_recent():
    annotator, task, choice = crowd(6, [0.9] * 21, n_tasks=2000, votes=3)
    mine = np.flatnonzero(annotator == 20)
    late = mine[len(mine) * 3 // 4 :]
    choice[late] = np.random.default_rng(6).integers(0, 2, len(late))
    found = judged(annotator, task, choice)

    assert found.recent[20] < -7
    assert found.log_odds[20] > 0
    assert found.recent[:20].min() > -7


def test_repeats_and_known_answers_count_on_their_own():
    known = np.array([0] * 20)
    right = judged(np.zeros(20, int), np.arange(20), np.zeros(20, int), known=known)
    wrong = judged(np.zeros(20, int), np.arange(20), np.ones(20, int), known=known)
    same = judged(np.zeros(20, int), np.arange(20), np.ones(20, int), first=np.ones(20, int))
    not_same = judged(np.zeros(20, int), np.arange(20), np.ones(20, int), first=np.zeros(20, int))

    assert right.log_odds[0] > 0 > wrong.log_odds[0]
    assert same.log_odds[0] > 0 > not_same.log_odds[0]


def test_who_judges_alone_is_neither_trusted_nor_not():
    found = judged(np.zeros(50, int), np.arange(50), np.ones(50, int))

    assert found.log_odds[0] == 0
    assert found.answers[0] == 0
    assert np.isnan(found.skill[0])


def test_where_nobody_agrees_nobody_is_judged_by_it():
    found = judged(*crowd(7, [0.5] * 20, n_tasks=600, votes=3))

    assert (found.log_odds > -5).all()


def test_answers_that_do_not_count_still_tell_of_others():
    annotator, task, choice = crowd(8, [0.9] * 10 + [0.5], n_tasks=400, votes=3)
    counts = (annotator == 10).astype(int)
    alone = judged(annotator, task, choice, counts=counts)
    everybody = judged(annotator, task, choice)

    assert alone.log_odds[10] == pytest.approx(everybody.log_odds[10])
    assert (alone.log_odds[:10] == 0).all()
    assert (alone.answers[:10] == 0).all()


def test_the_order_of_others_changes_nothing():
    columns = crowd(9, [0.9] * 6 + [0.5] * 2, n_tasks=200, votes=3)
    by_annotator = np.argsort(columns[0], kind="stable")

    first, second = judged(*columns), judged(*(column[by_annotator] for column in columns))

    assert first.log_odds == pytest.approx(second.log_odds)
    assert first.recent == pytest.approx(second.recent)


def test_no_answers():
    found = trust(answers_of([], [], []), n_annotators=2, n_tasks=0, n_choices=4)

    assert found.log_odds.tolist() == [0, 0]
    assert found.recent.tolist() == [0, 0]
    assert np.isnan(found.skill).all()


@pytest.mark.parametrize("column", ["annotator", "task", "choice", "known", "first", "counts"])
def test_codes_out_of_range_are_refused(column):
    answers = answers_of([0, 1], [0, 0], [0, 1])._replace(**{column: [0, 9]})

    with pytest.raises(ValueError, match=column):
        trust(answers, n_annotators=2, n_tasks=1, n_choices=2)


def test_the_grid_of_skills_has_chance_and_good_on_it():
    assert np.isclose(SKILLS, 0).any()
    assert np.isclose(SKILLS, 1).any()
