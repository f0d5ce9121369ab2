"""The decoder as its process runs it, one call after the other."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq

from annotator.importing import decoder_child
from annotator.importing.decoder_child import handle
from tests.celery_worker import ROOT
from tests.importing.imported import lines_file, pair_line
from tests.importing.poison import png_of_nothing
from tests.pictures import picture_file


def opened(path, root=None) -> dict:
    arguments = {"path": str(path), "name": path.name, "column_map": {}, "root": root, "gold_choices": ["a", "b"]}
    return handle("open", arguments, [])[0]


def image_call(data: bytes) -> tuple:
    return handle("image", {"sha256": hashlib.sha256(data).hexdigest()}, [data])


def test_it_needs_no_database_no_settings_and_few_modules():
    code = (
        "import sys; import annotator.importing.decoder_child;"
        "print({'annotator.models', 'annotator.settings', 'psycopg', 'celery', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env={}, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_an_image_comes_back_clean_or_with_what_is_wrong():
    found, blobs = image_call(picture_file(3))
    assert (found["format"], found["width"], found["height"], found["displays"]) == ("PNG", 24, 16, [1280, 640])
    assert (len(blobs), found["kept"] > 0) == (2, True)  # who asked has the image itself
    assert "cannot be decoded" in image_call(picture_file(3)[:-30])[0]["invalid"]


def test_rows_come_checked_with_their_images_beside_them(folder, tmp_path):
    path = lines_file(folder, pair_line(), {"prompt": ""}, pair_line(gold_choice="both_bad"))
    assert opened(path, str(folder)) == {}
    found, blobs = handle("rows", {}, [])
    assert ([row["number"] for row in found["rows"]], found["is_end"], blobs) == ([1, 2, 3], True, [])
    assert [image["path"] for image in found["rows"][0]["line"]["images"]] == ["0.png", "1.png"]
    assert [row["error"][0] for row in found["rows"][1:]] == ["prompt", "gold_choice"]
    assert handle("read", {"path": "0.png"}, [])[1] == [picture_file(0)]
    assert "no file" in handle("read", {"path": "none.png"}, [])[0]["invalid"]
    handle("close", {}, [])


def test_a_file_that_cannot_be_read_is_said_to_be(tmp_path):
    (tmp_path / "x.parquet").write_bytes(b"PAR1 and nothing")
    assert "damaged" in opened(tmp_path / "x.parquet")["invalid"]


def test_samples_of_sixteen_bits_count_twice():
    assert "16 bits a channel" in image_call(png_of_nothing(7000, 7000, bits=16, rows=1))[0]["invalid"]
    assert image_call(png_of_nothing(70, 70, bits=16))[0]["width"] == 70


def test_the_images_of_a_line_are_bounded_together(tmp_path, monkeypatch):
    monkeypatch.setattr(decoder_child, "MAX_LINE_IMAGES", 2 * 1024 * 1024)
    rows = [{"prompt": "p", "images": [bytes([n]) * 1024 * 1024 for n in range(count)]} for count in (2, 3)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "x.parquet")
    opened(tmp_path / "x.parquet")
    found, blobs = handle("rows", {}, [])
    assert found["rows"][1]["error"] == ["", "The images of this line have more than 2 MB together."]
    assert len(blobs) == 2
