"""The demo's pictures as an import file, and knowing them again when the site has processed them."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from annotator.demo.album import LINES_NAME, Album, NotRecognised, draw_album
from annotator.demo.drawing import draw
from annotator.demo.scenes import GENERATORS, plan_pictures
from annotator.importing.parse_line import parse_line


@pytest.fixture(scope="module")
def album_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("album") / "scenes.zip"
    draw_album(path, 0, 3, on_drawn=lambda: None)
    return path


def as_webp(data: bytes, width: int) -> bytes:
    image = Image.open(io.BytesIO(data))
    image.thumbnail((width, 10 * width))
    file = io.BytesIO()
    image.save(file, "WEBP", quality=80)
    return file.getvalue()


def test_it_is_an_import_file_of_k_images_per_prompt(album_file):
    with zipfile.ZipFile(album_file) as archive:
        lines = [parse_line(json.loads(line)) for line in archive.read(LINES_NAME).splitlines()]
        for line in lines:
            assert [image.generator for image in line.images] == [generator.name for generator in GENERATORS]
            assert all(image.source.path in archive.namelist() for image in line.images)
    assert len({line.prompt for line in lines}) == 3


def test_the_same_pictures_are_the_same_file(album_file, tmp_path):
    draw_album(tmp_path / "again.zip", 0, 3, on_drawn=lambda: None)

    assert (tmp_path / "again.zip").read_bytes() == album_file.read_bytes()


def test_a_file_that_is_there_is_not_drawn_again(album_file):
    before, drawn = album_file.stat(), []
    draw_album(album_file, 0, 3, on_drawn=lambda: drawn.append(1))

    assert (drawn, album_file.stat().st_mtime_ns) == ([], before.st_mtime_ns)


def test_drawing_that_is_broken_off_leaves_no_file(tmp_path):
    def break_off() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        draw_album(tmp_path / "scenes.zip", 0, 3, on_drawn=break_off)

    assert not (tmp_path / "scenes.zip").exists()


def test_every_picture_is_recognised_from_a_smaller_copy_in_another_format(album_file):
    album = Album([album_file])
    for known in album.known:
        with zipfile.ZipFile(album_file) as archive:
            data = archive.read(known.picture.file_name)
        assert album.recognise(as_webp(data, 320)) is known.picture
        assert album.by_sha256[known.sha256] is known.picture


def test_a_picture_that_is_not_in_the_album_is_not_recognised(album_file):
    stranger = plan_pictures(7, 8)[0]

    with pytest.raises(NotRecognised):
        Album([album_file]).recognise(draw(stranger))
