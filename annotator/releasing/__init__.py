"""Out: releases, complete Hub dataset repositories in a folder or an object store.

lifecycle        asks for a release, cancels it, clears away what is left of one that is over
build            builds it step by step or goes on building it, and makes it ready
build_progress   … how far it is
build_steps      … how a step can end
stage            reads the campaign in one snapshot and leaves everything that is built from
dataset/         the configs, from the rows of the snapshot to parquet files as the Hub wants them
card/            README.md and its pictures: the statistics of the snapshot, and what only a card tells
release_storage  where a release is built and where it is kept
withdrawal       yanks releases, and finds and replaces those that hold votes of people who withdrew
take_down        takes an image out of a campaign: its bytes, its pairs, the releases that hold it
yanked_files     removes the bytes of a yanked release
sharing          the files that releases have in common, each stored once
hub_upload       publishes one on another Hub
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotator.lib.lazy_import import lazy_import
from annotator.releasing.lifecycle import (
    build_anew,
    cancel_release,
    clear_release,
    create_release,
    is_being_built,
    left_behind,
    stalled_releases,
)
from annotator.releasing.release_storage import local_folder, open_file, stored_name

if TYPE_CHECKING:
    from annotator.releasing.build import build_release, finish_release, stage_release, write_shard
else:  # it brings pyarrow, and only the worker that builds a release needs it: 60 MB less in all others
    _build = lazy_import("annotator.releasing.build")

    def __getattr__(name: str) -> Any:
        if name in __all__:
            return getattr(_build, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "build_anew",
    "build_release",
    "cancel_release",
    "clear_release",
    "create_release",
    "finish_release",
    "is_being_built",
    "left_behind",
    "local_folder",
    "open_file",
    "stage_release",
    "stalled_releases",
    "stored_name",
    "write_shard",
]
