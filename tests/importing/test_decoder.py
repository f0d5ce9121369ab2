"""The decoder from the outside: real bombs in a real process with a small limit."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from annotator.errors import Invalid
from annotator.importing.decoder import decode_image, open_apart
from annotator.importing.images import ingest_image
from annotator.lib.limited_process import ChildDied
from tests.importing.imported import lines_file
from tests.importing.poison import page_bomb, png_of_nothing, with_lying_footer
from tests.pictures import picture_file


@pytest.fixture
def small_limit(settings):
    settings.IMPORT_MEMORY = 100_000_000


def test_an_image_is_decoded_as_in_this_process():
    assert decode_image(picture_file(5)) == ingest_image(picture_file(5))


def test_an_image_that_needs_too_much_memory_is_refused_and_the_next_one_is_decoded(small_limit):
    with pytest.raises(Invalid, match=r"Decoding the image needs more than 95 MB of memory\."):
        decode_image(png_of_nothing(6000, 6000))
    assert decode_image(picture_file(5)).width == 24


def test_a_file_whose_footer_lies_is_refused(tmp_path, small_limit):
    path = page_bomb(tmp_path / "x.parquet", value_bytes=120_000_000, rows=1)
    with_lying_footer(path, true=pq.read_metadata(path).row_group(0).column(1).total_uncompressed_size, said=1000)
    with (
        pytest.raises(Invalid, match=r"Reading the file after row 0 needs more than 95 MB of memory\."),
        open_apart(path, name=path.name, column_map={}, root=None, gold_choices=[]) as reader,
    ):
        list(reader.rows())


def test_what_was_read_before_a_file_ends_badly_comes_first(tmp_path):
    path = lines_file(tmp_path, *({"prompt": f"p{n}", "image_a": "a", "image_b": "b"} for n in range(60)))
    with open_apart(path, name=path.name, column_map={}, root=None, gold_choices=[]) as reader:
        assert [row.number for row in reader.rows()] == list(range(1, 61))


def test_a_decoder_that_is_killed_is_no_fault_of_the_file_for_sure(deadly_decoder):
    with pytest.raises(ChildDied, match="SIGKILL"):
        decode_image(b"kills its decoder")
    assert decode_image(picture_file(5)).width == 24
