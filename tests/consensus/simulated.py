"""Votes whose truth is known."""

from __future__ import annotations

import numpy as np

from annotator.consensus.bradley_terry import LEFT, RIGHT, TIE


def labelled(seed: int, *, n_tasks: int, n_annotators: int, n_choices: int, votes: int):
    """Truth (tasks,), confusion (annotators, choices, choices), and task, annotator and choice of each vote."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(n_choices, n_tasks, p=np.arange(n_choices, 0, -1) / np.arange(n_choices + 1).sum())
    skill = rng.uniform(0.55, 0.95, (n_annotators, n_choices))
    confusion = np.repeat(((1 - skill) / (n_choices - 1))[:, :, None], n_choices, axis=2)
    confusion[:, np.arange(n_choices), np.arange(n_choices)] = skill
    task = np.repeat(np.arange(n_tasks), votes)
    annotator = np.argsort(rng.random((n_tasks, n_annotators)), axis=1)[:, :votes].ravel()
    choice = (rng.random(len(task))[:, None] > confusion[annotator, truth[task]].cumsum(axis=1)).sum(axis=1)
    order = rng.permutation(len(task))
    return truth, confusion, task[order], annotator[order], np.minimum(choice, n_choices - 1)[order]


def coins(accuracy: np.ndarray, n_choices: int) -> np.ndarray:
    """Confusion (annotators, choices, choices) of people who are right so often, and wrong in any way alike."""
    confusion = np.repeat((1 - accuracy) / (n_choices - 1), n_choices**2).reshape(-1, n_choices, n_choices)
    confusion[:, np.arange(n_choices), np.arange(n_choices)] = accuracy[:, None]
    return confusion


def voted(seed: int, confusion: np.ndarray, *, n_tasks: int, votes: int, shares: np.ndarray):
    """Truth (tasks,), and task, annotator and choice of each vote, of people with these confusion matrices."""
    rng = np.random.default_rng(seed)
    n_annotators, n_choices, _ = confusion.shape
    truth = rng.choice(n_choices, n_tasks, p=shares)
    task = np.repeat(np.arange(n_tasks), votes)
    annotator = np.argsort(rng.random((n_tasks, n_annotators)), axis=1)[:, :votes].ravel()
    choice = (rng.random(len(task))[:, None] > confusion[annotator, truth[task]].cumsum(axis=1)).sum(axis=1)
    return truth, task, annotator, np.minimum(choice, n_choices - 1)


def compared(seed: int, score: np.ndarray, *, votes: int, nu: float = 0.0):
    """Left, right and winner of votes that follow Davidson's model."""
    rng = np.random.default_rng(seed)
    left = rng.integers(0, len(score), votes)
    right = (left + rng.integers(1, len(score), votes)) % len(score)
    half = (score[left] - score[right]) / 2
    weight = np.stack([np.exp(half), np.exp(-half), np.full(votes, nu)])
    drawn = rng.random(votes) * weight.sum(axis=0)
    winner = np.where(drawn < weight[0], LEFT, np.where(drawn < weight[0] + weight[1], RIGHT, TIE))
    return left, right, winner


def noisily_compared(seed: int, score: np.ndarray, skill: np.ndarray, left_bias: np.ndarray, *, votes: int):
    """Annotator, left, right and winner of votes of people of whom some do not look."""
    rng = np.random.default_rng(seed)
    annotator = rng.integers(0, len(skill), votes)
    left = rng.integers(0, len(score), votes)
    right = (left + rng.integers(1, len(score), votes)) % len(score)
    p = 1 / (1 + np.exp(score[right] - score[left]))
    p = skill[annotator] * p + (1 - skill[annotator]) * left_bias[annotator]
    return annotator, left, right, np.where(rng.random(votes) < p, LEFT, RIGHT)
