"""A judge is told which of two images is preferred, in the features of TRL's own data."""

from __future__ import annotations

import pytest

from tests.releasing.dataset.layouts.winners import sha256_of

pytestmark = pytest.mark.django_db


def test_trl_is_told_which_of_two_images_is_preferred(released, load):
    rows = {row["id"]: row for row in load("trl_preference")}
    assert set(rows) == {released.pairs[place].pk for place in (0, 1, 4)}
    for place, winner in ((0, "image_a"), (1, "image_b")):
        pair = released.pairs[place]
        row = rows[pair.pk]
        [question] = row["prompt"]
        assert [part["type"] for part in question["content"]] == ["image", "image", "text"]
        assert pair.prompt.text in question["content"][2]["text"]
        said = {name: row[name][0]["content"][0]["text"] for name in ("chosen", "rejected")}
        assert set(said.values()) == {"Image 1", "Image 2"}
        chosen = row["images"][int(said["chosen"][-1]) - 1]
        assert sha256_of(chosen, pair) == getattr(pair, winner).sha256
