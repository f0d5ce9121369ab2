"""The columns of Pick-a-Pic v2, and what PickScore does with them."""

from __future__ import annotations

import io

import PIL.Image
import pytest

pytestmark = pytest.mark.django_db


def test_pick_a_pic_has_ties_and_what_pickscore_limits_prompts_by(released, load):
    rows = load("pickapic_v2")
    by_id = {row["ranking_id"]: row for row in rows}
    assert set(by_id) == {released.pairs[place].pk for place in (0, 1, 2, 4)}
    tie, won, single = (by_id[released.pairs[place].pk] for place in (2, 0, 1))
    assert (tie["label_0"], tie["label_1"], tie["are_different"], tie["best_image_uid"]) == (0.5, 0.5, False, "tie")
    assert (tie["soft_label_0"], tie["consensus"], tie["has_label"]) == (0.5, "tie", True)
    place = 0 if won["image_0_uid"] == released.pairs[0].image_a.sha256 else 1
    assert (won[f"label_{place}"], won[f"soft_label_{place}"], won[f"label_{1 - place}"]) == (1.0, 1.0, 0.0)
    assert won["num_example_per_prompt"] == 2
    assert PIL.Image.open(io.BytesIO(won["jpg_0"])).format.lower().replace("jpeg", "jpg") == won["image_0_url"].split(".")[1]
    assert (single["user_id"] is None, won["user_id"]) == (False, None)
    assert single["created_at"] is not None
    # What PickScore does with it.
    frame = rows.to_pandas().drop("__index_level_0__", axis=1)
    assert len(frame.groupby("caption").head(1)) == 3
