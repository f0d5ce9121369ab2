"""What is in the configs beyond pairs."""

from __future__ import annotations

import hashlib
import io
from collections import Counter

import PIL.Image
import pytest
from django.core.files.storage import default_storage

from annotator.consensus.bradley_terry import bradley_terry
from annotator.importing.images import full_name
from tests.factories import MemberFactory, PairFactory, QuestionFactory
from tests.released import card_of, make_image, make_pair, release_of, rows_of, vote, vote_all

# What is released has to be committed: it is read on a connection of its own.
pytestmark = pytest.mark.django_db(transaction=True)

LETTERS = {"a": 0, "b": 1, "g": 2, "x": 3}


def judged_pairs(campaign, outcomes, split="train"):
    pairs = [make_pair(campaign, number, split=split) for number in range(len(outcomes))]
    for pair, choices in zip(pairs, outcomes, strict=True):
        vote_all(pair, choices)
    return pairs


# --- diffusion_dpo


def test_diffusion_dpo_has_the_pairs_with_a_winner_and_says_which_it_is(campaign):
    pairs = judged_pairs(campaign, ["aab", "bbb", "ab", "gg", "xx", "", "a"])
    rows = {row["ranking_id"]: row for row in rows_of(release_of(campaign), "diffusion_dpo")}
    assert sorted(rows) == [pairs[0].pk, pairs[1].pk, pairs[6].pk]
    for pair, winner in ((pairs[0], "a"), (pairs[1], "b"), (pairs[6], "a")):
        row = rows[pair.pk]
        won = getattr(pair, f"image_{winner}")
        place = 0 if row["image_0_uid"] == won.sha256 else 1
        assert row[f"image_{place}_uid"] == row["best_image_uid"] == won.sha256
        assert (row[f"label_{place}"], row[f"label_{1 - place}"]) == (1.0, 0.0)
        assert row[f"model_{place}"] == won.generator.name
        assert row["model_0"] != row["model_1"]
        assert (row["are_different"], row["has_label"], row["caption"]) == (True, True, pair.prompt.text)
        with default_storage.open(full_name(won.sha256, won.format)) as stored:
            assert row[f"jpg_{place}"] == stored.read()
        assert PIL.Image.open(io.BytesIO(row[f"jpg_{1 - place}"])).size == (won.width, won.height)


def test_the_place_of_an_image_says_nothing_of_who_won(campaign):
    """Here `a` always wins."""
    judged_pairs(campaign, ["aa"] * 40)
    rows = rows_of(release_of(campaign), "diffusion_dpo")
    first_won = sum(row["label_0"] == 1 for row in rows)
    assert 8 <= first_won <= 32
    for row in rows:
        stays = int(row["image_0_uid"][-1], 16) % 2 == int(row["image_1_uid"][-1], 16) % 2
        assert (row["label_0"] == 1) == stays


def test_it_counts_the_rows_of_a_prompt(campaign):
    pairs = judged_pairs(campaign, ["a", "b", "ab"])
    for number, choices in ((50, "a"), (60, "b"), (70, "ab")):
        images = [make_image(pairs[0].prompt, number + place, generator=f"model-{place}") for place in (0, 1)]
        vote_all(PairFactory(campaign=campaign, prompt=pairs[0].prompt, image_a=images[0], image_b=images[1]), choices)
    rows = rows_of(release_of(campaign), "diffusion_dpo")
    assert Counter(row["num_example_per_prompt"] for row in rows) == {3: 3, 1: 1}


# --- leaderboard


def test_the_leaderboard_is_bradley_terry_of_the_votes_that_count(campaign):
    pairs = judged_pairs(campaign, ["aab", "ba", "ag", "xb", "aa"])
    vote(pairs[0], "b", assignment__kind="repeat")
    vote(pairs[0], "b", member=MemberFactory(campaign=campaign, kind="machine"))
    rows = rows_of(release_of(campaign), "leaderboard")
    winner = [0, 0, 1, 1, 0, 0, 2, 2, 1, 0, 0]  # good-model is on the left
    expected = bradley_terry([0] * 11, [1] * 11, winner, n_generators=2)
    assert [row["generator"] for row in rows] == ["good-model", "bad-model"]
    for code, row in enumerate(rows):
        assert row["score"] == pytest.approx(expected.score[code], abs=1e-6)
        assert row["lower"] < row["score"] < row["upper"]
        assert (row["rank_lower"], row["rank_upper"]) == (1, 2)
        assert (row["n_comparisons"], row["n_ties"]) == (11, 2)
    assert [row["n_wins"] for row in rows] == [6, 3]
    assert sum(row["p_first"] for row in rows) == pytest.approx(1, abs=1e-5)
    every = rows_of(release_of(campaign), "leaderboards")
    assert [(row["question"], row["category"], row["score"]) for row in every if row["category"] is None] == [
        ("overall", None, row["score"]) for row in rows
    ]


@pytest.mark.parametrize(
    ("outcomes", "why"), [(["aa", "a"], "won every comparison"), ([""], "no votes were cast"), (["g"], None)]
)
def test_a_leaderboard_that_cannot_be_is_an_empty_table_and_the_card_says_why(campaign, outcomes, why):
    judged_pairs(campaign, outcomes)
    release = release_of(campaign)
    rows = rows_of(release, "leaderboard")
    if why is None:  # a tie puts both on one scale
        assert [row["score"] for row in rows] == [0.0, 0.0]
        return
    assert rows == []
    card = card_of(release)
    assert "is an empty table: " in card
    assert why in card


# --- several questions


def test_further_questions_have_columns_and_votes_of_their_own(campaign):
    beauty = QuestionFactory(campaign=campaign, slug="beauty", position=1)
    pair = make_pair(campaign)
    for overall, beautiful in (("a", "b"), ("a", "b"), ("b", "both_good")):
        cast = vote(pair, overall)
        vote(pair, beautiful, question=beauty, assignment__assignment=cast.assignment)
    release = release_of(campaign)
    [row] = rows_of(release, "pairs")
    assert (row["n_votes"], row["n_a"], row["label"]) == (3, 2, 0)
    assert (row["n_votes_beauty"], row["n_a_beauty"], row["n_b_beauty"], row["n_both_good_beauty"]) == (3, 0, 2, 1)
    assert (row["label_beauty"], row["share_beauty"], row["agreement_beauty"]) == (1, 2 / 3, 1 / 3)
    assert row["p_b_beauty"] > row["p_both_good_beauty"] > row["p_both_bad_beauty"] > 0
    assert Counter(vote["question"] for vote in rows_of(release, "votes")) == {"overall": 3, "beauty": 3}
    [binarized] = rows_of(release, "binarized")  # by the primary question
    assert binarized["chosen_model"] == "good-model"
    assert list(row)[-3:] == ["image_a", "image_b", "split"]


def test_prompts_are_split_by_the_shares_of_the_campaign(campaign):
    campaign.share_validation, campaign.share_test = 0.4, 0.0
    campaign.save()
    pairs = [make_pair(campaign, number) for number in range(6)]
    pairs.append(make_pair(campaign, 0, split="test"))
    splits = {row["pair_id"]: row["split"] for row in rows_of(release_of(campaign), "pairs")}
    for pair in pairs:
        number = int(hashlib.sha256(pair.prompt.text.encode()).hexdigest()[:8], 16) / 2**32
        assert splits[pair.pk] == ("train" if number < 0.6 else "validation")
    assert set(splits.values()) == {"train", "validation"}
