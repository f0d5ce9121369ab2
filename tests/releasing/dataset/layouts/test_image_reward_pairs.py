"""The better and the worse image, in the features of ImageRewardDB."""

from __future__ import annotations

import pytest

from tests.releasing.dataset.layouts.winners import sha256_of

pytestmark = pytest.mark.django_db


def test_binarized_and_image_reward_say_which_image_won(released, load):
    binarized = {row["id"]: row for row in load("binarized")}
    first = binarized[released.pairs[0].pk]
    assert (first["evolution"], first["sub_category"], first["chosen_model"]) == ("harder", "cubes", "good-model")
    rows = {row["pair_id"]: row for row in load("image_reward_pairs")}
    assert set(rows) == set(binarized)
    pair = released.pairs[1]
    assert sha256_of(rows[pair.pk]["img_better"], pair) == pair.image_b.sha256
    assert rows[pair.pk]["prompt_id"] == str(pair.prompt_id)
