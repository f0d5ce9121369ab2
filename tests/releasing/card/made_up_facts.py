"""Facts made up for a card: counts and figures that no campaign stands behind."""

from __future__ import annotations

import dataclasses

import yaml

from annotator.releasing.dataset.vote_files import VoteCount
from annotator.scoring.statistics.compute import statistics_from
from annotator.scoring.statistics.load import Overlap, empty
from annotator.scoring.statistics.rounding import rate_of


def votes(count: int, **fields) -> VoteCount:
    alike = {"question": "overall", "kind": "regular", "void_reason": None, "guideline_version": 2}
    return VoteCount(**{**alike, **fields}, votes=count)


def estimate(value: float | None = None, lower: float | None = None, upper: float | None = None) -> dict:
    return {"value": value, "lower": lower, "upper": upper}


def figures_of(**figures) -> dict:
    """Of votes that say nothing, but for these."""
    names = ("ordinal", "same_answer", "leading_share", "entropy")
    return {
        "alpha": None,
        "lower": None,
        "upper": None,
        "pairs": 0,
        "votes": 0,
        "prompts": 0,
        "votes_used": "first_votes",
        "votes_per_pair": 2,
        "unanimous": dataclasses.asdict(rate_of(0, 0)),
        **{name: estimate() for name in names},
        **figures,
    }


def agreement(question: str, *, audit: dict | None = None, **figures) -> dict:
    return {"question": question, "agreement": figures_of(**figures), "categories": [], "audit": audit}


def coverage(name: str, pairs: int, votes: int) -> dict:
    return {"name": name, "prompts": 1, "pairs": pairs, "settled": 0, "votes": votes}


def nothing_counted() -> dict:
    """The statistics of a campaign without anything."""
    fixed = Overlap(votes_wanted=3, votes_max=3, stop_confidence=0.9)
    return statistics_from(empty(fixed), campaign="scenes", consensus_method="majority", now=None).as_json()


def yaml_of(text: str) -> dict:
    _, head, _ = text.split("---\n", 2)
    return yaml.safe_load(head)
