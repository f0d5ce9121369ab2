"""Facts made up for a card: counts and figures that no campaign stands behind."""

from __future__ import annotations

import yaml

from annotator.releasing.dataset.vote_files import VoteCount
from annotator.scoring.statistics.compute import statistics_from
from annotator.scoring.statistics.load import empty


def votes(count: int, **fields) -> VoteCount:
    alike = {"question": "overall", "kind": "regular", "void_reason": None, "guideline_version": 2}
    return VoteCount(**{**alike, **fields}, votes=count)


def agreement(question: str, **figures) -> dict:
    none = {"alpha": None, "lower": None, "upper": None, "pairs": 0, "votes": 0}
    return {"question": question, "agreement": none | figures, "categories": []}


def coverage(name: str, pairs: int, votes: int) -> dict:
    return {"name": name, "prompts": 1, "pairs": pairs, "settled": 0, "votes": votes}


def nothing_counted() -> dict:
    """The statistics of a campaign without anything."""
    return statistics_from(empty(), campaign="scenes", consensus_method="majority", now=None).as_json()


def yaml_of(text: str) -> dict:
    _, head, _ = text.split("---\n", 2)
    return yaml.safe_load(head)
