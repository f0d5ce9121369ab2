"""The facts of a made-up release, and its data files."""

from __future__ import annotations

import pytest

from annotator.releasing.card.facts import Facts
from annotator.releasing.dataset.parquet import Written
from tests.releasing.card.made_up_facts import agreement, coverage, nothing_counted, votes


@pytest.fixture
def facts():
    statistics = nothing_counted()
    statistics["votes_counted"] = 24
    statistics["progress"] |= {"pairs": 10, "pairs_gold": 1, "pairs_held": 2}
    statistics["concentration"]["gini"] = 0.3333
    statistics["agreement"] = [agreement("overall"), agreement("beauty")]
    statistics["languages"] = [
        coverage(name, pairs, votes)
        for name, pairs, votes in [("de", 2, 6), ("en", 3, 9), ("pt-BR", 2, 6), ("Klingon", 2, 3), ("", 1, 0)]
    ]
    statistics["categories"] = [coverage("shapes", 9, 20), coverage("a|b", 1, 4)]
    return Facts(
        slug="scenes",
        name="Scenes: two | of them",
        description="What people like.\n\n---\n\nAnd why.",
        questions=[
            {"slug": "overall", "text": "Which is better?", "choices": ["a", "b", "both_good", "both_bad"]},
            {"slug": "beauty", "text": "Which is prettier?", "choices": ["a", "b"]},
        ],
        guidelines=[
            {"version": 1, "text": "Never used."},
            {"version": 2, "text": "# How\n\nLook at *both*."},
            {"version": 3, "text": "Newest."},
        ],
        statistics=statistics,
        prompts=4,
        prompts_voted=4,
        generators=["flux|dev", "sdxl"],
        held_with_winner=1,
        overlap={"0": 2, "3": 8},
        labels={"overall": {"a": 3, "b": 2, "both_good": 1, "both_bad": 0, "tie": 2}, "beauty": {"a": 1}},
        votes=[
            votes(24),
            votes(3, void_reason="undone"),
            votes(2, kind="repeat"),
            votes(5, question="beauty", guideline_version=None),
        ],
        votes_by_annotator=[20, 4],
    )


@pytest.fixture
def shards():
    return [
        Written(path=f"{config}/{split}-0000{index}-of-0000{count}.parquet", size=100, sha256="0" * 64, rows=rows, num_bytes=90)
        for config, split, index, count, rows in [
            ("votes", "train", 0, 1, 30),
            ("votes", "test", 0, 1, 4),
            ("pairs", "train", 0, 2, 5),
            ("pairs", "train", 1, 2, 3),
            ("pairs", "test", 0, 1, 2),
            ("binarized", "train", 0, 1, 4),
            ("diffusion_dpo", "train", 0, 1, 4),
            ("leaderboard", "train", 0, 1, 2),
            ("leaderboards", "train", 0, 1, 2),
            *((config, "train", 0, 1, 1) for config in ("machine_votes", "annotators", "adjudications", "gold")),
        ]
    ]
