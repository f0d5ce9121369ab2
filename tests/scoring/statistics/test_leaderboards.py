"""Leaderboards of a campaign: per question and category, of which votes, and as wide as votes that hang together make them."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from annotator.consensus.vote_weights import places_in_pair
from annotator.scoring.statistics import leaderboard_in, leaderboards
from annotator.scoring.statistics.load import NONE, REGULAR, A, B, CampaignData, Overlap, Pairs, Votes, empty
from tests.consensus.campaigns import Campaign, campaign
from tests.factories import CampaignFactory, QuestionFactory
from tests.released import vote
from tests.scoring.statistics.by_hand import pair_of, people, statistics

SCORE = np.array([0.9, 0.1, -0.3, -0.7])
NAMES = ["Aurora", "Brook", "Cedar", "Dune"]
TIE_CHOICE = 2


def columns_of(votes: Campaign, *, overlap: Overlap | None = None, categories: int = 1) -> CampaignData:
    """Made-up votes as a campaign's columns: image a of a pair is that of the generator whose code is less."""
    size = int(votes.pair.max()) + 1
    low, high = np.minimum(votes.left, votes.right), np.maximum(votes.left, votes.right)
    first, second, prompt = np.zeros(size, dtype=int), np.zeros(size, dtype=int), np.zeros(size, dtype=int)
    first[votes.pair], second[votes.pair], prompt[votes.pair] = low, high, votes.prompt
    a_on_left = votes.left == low
    choice = np.where(votes.winner == 2, TIE_CHOICE, np.where((votes.winner == 0) == a_on_left, A, B))
    nought, number = np.zeros(len(votes.pair), dtype=int), np.arange(len(votes.pair))
    known: dict = {
        "id": np.arange(size),
        "prompt": prompt,
        "generator_a": first,
        "generator_b": second,
        "gold": np.full(size, NONE),
    }
    fields = {field.name for field in dataclasses.fields(Pairs)}
    whole = empty()
    return dataclasses.replace(
        whole,
        votes=Votes(
            number,
            nought,
            votes.pair,
            votes.annotator,
            choice,
            a_on_left,
            nought + REGULAR,
            nought,
            number,
            places_in_pair(votes.pair),
        ),
        pairs=Pairs(**{name: known.get(name, np.zeros(size, dtype=int)) for name in fields}),
        overlap=overlap or whole.overlap,
        prompts=dataclasses.replace(
            whole.prompts,
            texts=[str(code) for code in range(prompt.max() + 1)],
            category=[f"c{code % categories}" for code in range(prompt.max() + 1)],
            language=[""] * (prompt.max() + 1),
            images=np.zeros(prompt.max() + 1, dtype=int),
            images_without_pairs=np.zeros(prompt.max() + 1, dtype=int),
        ),
        questions=[("overall", ["a", "b"])],
        members=[str(code) for code in range(votes.annotator.max() + 1)],
        is_machine=np.zeros(votes.annotator.max() + 1, dtype=bool),
        generators=NAMES[: len(SCORE)],
    )


def test_one_board_for_all_prompts_and_one_for_each_category():
    data = columns_of(campaign(1, SCORE, prompts=60), categories=3)
    boards = leaderboards.leaderboards_of(data, ["c0", "c1", "c2", "c9"])
    assert [(board.question, board.category, board.prompts) for board in boards] == [
        ("overall", None, 60),
        ("overall", "c0", 20),
        ("overall", "c1", 20),
        ("overall", "c2", 20),
    ]
    whole = boards[0]
    assert sum(board.votes for board in boards[1:]) == whole.votes
    assert whole.generators[0].generator == "Aurora"
    assert (whole.annotators, whole.votes_left_out, whole.votes_per_pair) == (40, 0, None)
    # A third of the prompts says less.
    width = [board.generators[0].upper - board.generators[0].lower for board in boards]
    assert min(width[1:]) > 1.3 * width[0]


def test_matrices_are_in_the_order_of_the_rows():
    board = leaderboards.leaderboards_of(columns_of(campaign(2, SCORE)), [])[0]
    scores = [row.score for row in board.generators]
    assert scores == sorted(scores, reverse=True)
    for i, row in enumerate(board.p_beats):
        assert row[i] is None
        for j, p in enumerate(row):
            if i != j:
                assert p == pytest.approx(1 / (1 + math.exp(scores[j] - scores[i])), abs=1e-5)
                assert board.p_beats_lower[i][j] < p < board.p_beats_upper[i][j]
    assert [(change.upper, change.lower) for change in board.order_changes] == [
        (above.generator, below.generator) for above, below in zip(board.generators, board.generators[1:], strict=False)
    ]
    assert sum(row.p_first for row in board.generators) == pytest.approx(1, abs=1e-5)


def test_the_same_votes_in_any_order_give_the_same_document():
    votes = campaign(3, SCORE, ties=0.3)
    order = np.random.default_rng(0).permutation(len(votes.pair))
    one, two = (
        leaderboards.leaderboards_of(columns_of(its, categories=2), ["c0", "c1"])
        for its in (votes, Campaign(*(column[order] for column in votes)))
    )
    assert one == two


def test_ties_are_counted_both_ways_on_all_prompts():
    board, by_category = leaderboards.leaderboards_of(columns_of(campaign(4, SCORE, ties=0.6)), ["c0"])
    assert board.davidson is not None
    assert board.davidson.tie_parameter > 0
    assert [row.generator for row in board.davidson.generators] == [row.generator for row in board.generators]
    assert by_category.davidson is None
    assert leaderboards.leaderboards_of(columns_of(campaign(4, SCORE, ties=0.0)), [])[0].davidson is None


def stopped_early(votes: Campaign, least: int) -> np.ndarray:
    """Which votes would have come if a pair stopped as soon as one image is two votes ahead."""
    place = places_in_pair(votes.pair)
    low = np.minimum(votes.left, votes.right)
    step = np.where(votes.winner == 2, 0, np.where((votes.winner == 0) == (votes.left == low), 1, -1))
    lead = np.zeros((votes.pair.max() + 1, place.max() + 1))
    lead[votes.pair, place] = step
    stops = (np.abs(lead.cumsum(axis=1)) >= 2) & (np.arange(lead.shape[1]) + 1 >= least)
    return (np.cumsum(stops, axis=1) - stops == 0)[votes.pair, place]


def test_with_adaptive_overlap_only_the_first_votes_count_and_scores_do_not_shrink():
    spread = {"all": [], "stopped": [], "first": []}
    for seed in range(5):
        votes = campaign(seed, SCORE, prompts=150, votes=7, people=15, taste_spread=0.0, ties=0.0)
        kept = Campaign(*(column[stopped_early(votes, 2)] for column in votes))
        adaptive = Overlap(votes_wanted=2, votes_max=7, stop_confidence=0.9)
        for name, data in (
            ("all", columns_of(votes)),
            ("stopped", columns_of(kept)),
            ("first", columns_of(kept, overlap=adaptive)),
        ):
            board = leaderboards.leaderboards_of(data, [])[0]
            spread[name].append(board.generators[0].score - board.generators[-1].score)
        assert board.votes_per_pair == 2
        assert board.votes == 2 * len(data.pairs)
        assert board.votes + board.votes_left_out == len(kept.pair)
        # Wins, losses and ties are still of all votes.
        assert sum(row.n_comparisons for row in board.generators) == 2 * len(kept.pair)
    of_all, of_stopped, of_first = (np.mean(found) for found in spread.values())
    assert of_stopped < 0.93 * of_all
    assert of_first == pytest.approx(of_all, rel=0.04)


def test_audit_pairs_count_whole_and_weigh_as_much_as_others():
    votes = campaign(6, SCORE, prompts=20, votes=6)
    data = columns_of(votes, overlap=Overlap(votes_wanted=2, votes_max=6, stop_confidence=0.9))
    is_audit = np.arange(len(data.pairs)) < 12
    audited = dataclasses.replace(data, pairs=dataclasses.replace(data.pairs, is_audit=is_audit))
    compared = leaderboards.compared_votes(audited, 0)
    assert compared.weight.sum() == pytest.approx(2 * len(data.pairs))
    assert (compared.weight > 0).sum() == 2 * (len(data.pairs) - 12) + 6 * 12


def test_one_board_can_be_taken_out_of_the_document(transactional_db):
    birds = CampaignFactory()
    beauty = QuestionFactory(campaign=birds, slug="beauty", position=1)
    anna, bert = people(birds, 2)
    for category, choices in (("owls", "ab"), ("cats", "ba")):
        pair = pair_of(birds, category=category)
        for member, choice in zip((anna, bert), choices, strict=True):
            cast = vote(pair, choice, member=member)
            vote(pair, "a", question=beauty, member=member, assignment__assignment=cast.assignment)
    document = statistics(birds)
    assert [(board["question"], board["category"]) for board in document["leaderboards"]] == [
        ("overall", None),
        ("overall", "cats"),
        ("overall", "owls"),
        ("beauty", None),
        ("beauty", "cats"),
        ("beauty", "owls"),
    ]
    assert leaderboard_in(document) == document["leaderboard"] == document["leaderboards"][0]
    assert leaderboard_in(document, category="owls")["prompts"] == 1
    assert "won every comparison" in leaderboard_in(document, question="beauty")["refusal"]
