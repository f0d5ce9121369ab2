"""docs/contributors.md, and the tree in README.md: their rooms, files and functions are there, and no room is left out."""

from __future__ import annotations

import pkgutil
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
GUIDE = (ROOT / "docs" / "contributors.md").read_text()


def part_of_guide(first: str, last: str) -> str:
    """What stands between two headings."""
    return GUIDE.split(f"## {first}\n")[1].split(f"## {last}\n")[0]


@pytest.mark.parametrize("document", ["README.md", "docs/contributors.md"])
def test_the_map_has_every_room_and_no_other(document):
    named = re.findall(r"^(?:\| `annotator/|  )(\w+)/", (ROOT / document).read_text(), re.M)

    assert sorted(named) == sorted(path.parent.name for path in (ROOT / "annotator").glob("*/__init__.py"))


def test_the_guide_has_the_order_of_imports_that_is_checked():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [layers] = [contract["layers"] for contract in contracts if contract["type"] == "layers"]

    assert "```\n" + "\n".join(layers) + "\n```" in part_of_guide("The rooms", "Where does my change go?")


def test_the_files_that_the_guide_names_are_there():
    named = set(re.findall(r"`((?:annotator|api|docs|static|templates|tests)/[\w./]*)`", GUIDE))

    assert len(named) > 50
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


PATHS = part_of_guide("The path of one vote", "How we write")


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(\w+(?:\.\w+)+)`", PATHS))))
def test_the_functions_on_the_paths_of_a_vote_and_a_release_are_there(name):
    pkgutil.resolve_name(name if name.startswith("api.") else f"annotator.{name}")


def test_the_functions_on_the_path_of_a_vote_through_the_browser_are_there():
    script = "\n".join(path.read_text() for path in (ROOT / "static" / "js" / "annotate").glob("*.js"))
    named = re.findall(r"^\d+\. `(\w+)` –", PATHS, re.M)

    assert len(named) == 5
    assert [name for name in named if f"const {name} = " not in script] == []
