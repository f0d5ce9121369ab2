"""Files that are served as one and written in parts."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles.finders import find, get_finders

from annotator.lib.static_parts import join_parts

STATIC = Path(settings.BASE_DIR, "static")


@pytest.mark.parametrize("path", settings.STATIC_PARTS)
def test_a_joined_file_holds_each_file_of_its_folder_once(path):
    parts = {file.stem: file.read_text() for file in (STATIC / path).with_suffix("").iterdir()}
    joined = Path(find(path)).read_text()

    assert sorted(part for part in settings.STATIC_PARTS[path] if "/" not in part) == sorted(parts)  # some have one of another
    assert {name: joined.count(text) for name, text in parts.items()} == dict.fromkeys(parts, 1)


LENGTHS = re.compile(r"^\s*(?:margin|padding|gap|row-gap|column-gap|font|font-size)[a-z-]*:([^;{]*);", re.M)


def test_the_console_has_few_steps_of_space_and_type():
    """Those of tokens.css, and no others: a new one is a decision about all pages."""
    tokens = (STATIC / "css/base/tokens.css").read_text()
    assert len(re.findall(r"--space-\w+:", tokens)) <= 8
    assert len(re.findall(r"--text-\w+:", tokens)) <= 6
    found = {
        f"{file.relative_to(STATIC)}: {value.strip()}"
        for file in [*(STATIC / "css/base").glob("*.css"), *(STATIC / "css/manage").glob("*.css"), STATIC / "css/campaigns.css"]
        for value in LENGTHS.findall(file.read_text())
        if re.search(r"\d(?:rem|px)", value.replace("1px", "").replace("2px", "")) and "clamp" not in value
    }
    assert found == set()


def test_a_part_is_in_its_layer():
    styles = join_parts("css/manage.css").read_text()

    assert styles.startswith("@layer tokens, elements, components, pages, utilities;\n")
    assert styles.count("@layer pages {") == len(settings.STATIC_PARTS["css/manage.css"]) - 1
    assert styles.count("@layer components {") == 1
    assert "@layer" not in join_parts("css/annotate.css").read_text()


def test_joined_files_are_collected_in_the_place_of_their_parts():
    collected = {path for finder in get_finders() for path, _ in finder.list([])}

    assert {"css/annotate.css", "css/campaigns.css"} <= collected
    assert {path for path in collected if path.startswith("css/annotate/")} == set()


def test_a_joined_file_is_written_again_only_when_a_part_changed(tmp_path, settings):
    settings.BASE_DIR, settings.STATIC_JOINED = tmp_path, tmp_path / "joined"
    settings.STATIC_PARTS = {"css/page.css": ("top", "end")}
    folder = tmp_path / "static" / "css" / "page"
    folder.mkdir(parents=True)
    (folder / "top.css").write_text("a {}\n")
    (folder / "end.css").write_text("b {}\n")
    joined = join_parts("css/page.css")
    os.utime(joined, (1, 1))

    assert joined.read_text() == "a {}\n\nb {}\n"
    assert join_parts("css/page.css").stat().st_mtime == 1

    (folder / "end.css").write_text("c {}\n")

    assert join_parts("css/page.css").read_text() == "a {}\n\nc {}\n"
