"""Out: releases, complete Hub dataset repositories in a folder or an object store.

building    asks for a release, builds it step by step or goes on building it, makes it ready; cancels it
staging     reads the campaign in one snapshot and leaves everything that is built from
rows        the queries, streamed as Arrow
verdicts    labels from votes, by the campaign's method
standings   the leaderboard
facts       what the card says, counted on the way
layouts     the configs: columns, features, and what a judged pair becomes in each
cuts        splits, shards and row groups
parts       shards with images …
embedding   … whose bytes come from storage
parquet     files as the Hub wants them
card        README.md …
words       … its pieces …
charts      … and its pictures
places      where a release is built and where it is kept
"""

from annotator.releasing.build import (
    build_release,
    cancel_release,
    clear_release,
    create_release,
    finish_release,
    is_being_built,
    left_behind,
    stage_release,
    stalled_releases,
    write_shard,
)
from annotator.releasing.release_storage import file_name as stored_name
from annotator.releasing.release_storage import local_folder, open_file

__all__ = [
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
