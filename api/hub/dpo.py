"""`<slug>.dpo`: a release for scripts that load a dataset by its name alone and expect Pick-a-Pic's columns.

It has the files of the release's `diffusion_dpo` config and a card of its own, in which that config is the default. The card is
made from the release's card, so EDITION and the release's revision determine the revision here.
Raise EDITION when you change the output of `card`: a revision must never change its content.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import yaml

CONFIG = "diffusion_dpo"
EDITION = 3
# The splits of Pick-a-Pic that scripts ask for, and our splits that contain them.
SPLITS = {"train": "train", "validation": "validation", "test": "test", "validation_unique": "validation", "test_unique": "test"}
# Scripts fail if a split they ask for is missing. With few pairs a split can be empty; then another one replaces it.
STAND_INS = {"train": ("validation", "test"), "validation": ("test", "train"), "test": ("validation", "train")}
KEPT = ("pretty_name", "license", "license_name", "license_link", "language", "task_categories", "tags", "size_categories")

TEXT = """\
# {name}, for Diffusion-DPO

Pairs with a winner, in the columns that Diffusion-DPO training scripts read: `caption`, `jpg_0` and `jpg_1` (the bytes of
the images), and `label_0`, which is 1 if `jpg_0` won and 0 if `jpg_1` won. Ties are left out, because the scripts would read
them as a win for `jpg_0`.

The splits are {splits}. Scripts that ask for `validation_unique` or `test_unique` get `validation` or `test`.{stand_ins}

The full dataset has the same name without `.dpo`. Its card describes the questions, the annotators and their agreement. It
also contains the ties and every vote.
"""


def revision_of(release_revision: str) -> str:
    """40 hex digits: the revision here of the release with that one."""
    text = f"{CONFIG} {EDITION} {release_revision}\n"
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def card(release_card: bytes, paths: Iterable[str]) -> bytes:
    """README.md, made from the card of the release and the paths of the files."""
    matter = front_matter(release_card)
    present = {path.removeprefix(f"{CONFIG}/").partition("-")[0] for path in paths}
    splits = {name: found for name, ours in SPLITS.items() if (found := found_in(ours, present))}
    own: dict[str, Any] = {key: matter[key] for key in KEPT if key in matter}
    own["configs"] = [
        {
            "config_name": CONFIG,
            "default": True,
            "data_files": [{"split": name, "path": f"{CONFIG}/{ours}-*"} for name, ours in splits.items()],
        }
    ]
    if info := next((info for info in matter.get("dataset_info", []) if info.get("config_name") == CONFIG), None):
        own["dataset_info"] = [with_splits(info, splits)]
    text = TEXT.format(
        name=matter.get("pretty_name", "Preferences"),
        splits=", ".join(f"`{name}`" for name in splits) or "none",
        stand_ins=stand_ins(splits),
    )
    return f"---\n{yaml.safe_dump(own, sort_keys=False, allow_unicode=True, width=120)}---\n\n{text}".encode()


def found_in(ours: str, present: set[str]) -> str | None:
    """The split whose files a script gets for the split it asks for."""
    return next((split for split in (ours, *STAND_INS[ours]) if split in present), None)


def stand_ins(splits: dict[str, str]) -> str:
    """A note about splits that contain the rows of another split."""
    said = [f"`{name}` contains the rows of `{ours}`" for name, ours in splits.items() if name in STAND_INS and name != ours]
    if not said:
        return ""
    return f"\n\nThere are too few pairs to fill all splits: {', and '.join(said)}. Do not evaluate on rows that you trained on."


def front_matter(release_card: bytes) -> dict[str, Any]:
    """The YAML front matter of a card; empty if there is none."""
    head, _, rest = release_card.decode().partition("---\n")
    if head or not rest:
        return {}
    matter = yaml.safe_load(rest.partition("\n---")[0])
    return matter if isinstance(matter, dict) else {}


def with_splits(info: dict[str, Any], splits: dict[str, str]) -> dict[str, Any]:
    """`dataset_info` with the splits under all their names; clients check how many rows each has."""
    sizes = {split["name"]: split for split in info.get("splits", [])}
    named = [{**sizes[ours], "name": name} for name, ours in splits.items() if ours in sizes]
    kept = {key: value for key, value in info.items() if key not in ("splits", "dataset_size")}
    return {**kept, "splits": named, "dataset_size": sum(split.get("num_bytes", 0) for split in named)}
