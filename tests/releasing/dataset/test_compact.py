"""Tables without images beside each image once: together they have what the config of pairs has."""

from __future__ import annotations

import duckdb
import pytest

from annotator import releasing
from tests.released import card_of, folder_of, rows_of
from tests.releasing.test_sharing import compact_release

# What is released has to be committed: it is read on a connection of its own.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("few_charts")]


def test_the_compact_configs_together_have_what_the_pairs_have(campaign, judged):
    usual = releasing.create_release(campaign=campaign, by=None)
    releasing.build_release(release_id=usual.pk)
    compact = compact_release(campaign)
    images = {row["sha256"]: row for row in rows_of(compact, "images")}
    labels = {row["pair_id"]: row for row in rows_of(compact, "labels") if row["question"] == 0}
    info = {row["pair_id"]: row for row in rows_of(compact, "pair_info")}
    for row in rows_of(usual, "pairs"):
        joined = {**labels[row["pair_id"]], **info[row["pair_id"]]}
        del joined["question"]
        for slot in "ab":
            joined[f"image_{slot}"] = images[row[f"sha256_{slot}"]]["image"]
        assert joined == row
    assert "default: true" in card_of(compact)
    assert 'pair_info = load_dataset("diptych/scenes", revision="v1")' in card_of(compact)
    folder = folder_of(compact)
    joined = duckdb.sql(
        f"SELECT * FROM '{folder}/pair_info/*.parquet' JOIN '{folder}/labels/*.parquet' USING (pair_id) WHERE question = 0"
    )
    assert len(joined) == len(judged)
