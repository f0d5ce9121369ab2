from __future__ import annotations

import pytest

from annotator.views.manage.release_forms import ReleaseForm, TakeDownForm, YankForm


def test_a_size_in_megabytes_is_given_in_bytes_and_may_be_left_out():
    form = ReleaseForm({"configs": ["pairs"], "shard_megabytes": "20", "shard_count": ""})
    assert form.is_valid()
    assert form.options == {"configs": ["pairs"], "shard_bytes": 20_000_000, "shard_count": None}

    empty = ReleaseForm({})
    assert empty.is_valid()
    assert empty.options["shard_bytes"] is None


@pytest.mark.parametrize(("typed", "is_valid"), [("v3", True), (" v3 ", True), ("3", False), ("v2", False), ("", False)])
def test_a_release_is_yanked_by_its_name_alone(typed, is_valid):
    assert YankForm({"reason": "A mistake.", "name": typed}, number=3).is_valid() == is_valid


@pytest.mark.parametrize("sha256", ["a" * 63, "A" * 64, "g" * 64])
def test_an_image_is_named_by_its_whole_hash(sha256):
    assert list(TakeDownForm({"sha256": sha256, "reason": "Asked for."}).errors) == ["sha256"]
