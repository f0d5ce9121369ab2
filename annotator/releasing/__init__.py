"""Out: releases, complete Hub dataset repositories in a folder or an object store.

building    asks for a release, builds it or goes on building it, makes it ready
staging     reads the campaign in one snapshot and leaves everything that is built from
rows        the queries, streamed as Arrow; labels from votes
layouts     the configs: columns, features, and what a judged pair becomes in each
cuts        splits, shards and row groups
parts       shards with images …
embedding   … whose bytes come from storage
parquet     files as the Hub wants them
card        README.md
places      where a release is built and where it is kept
"""

from annotator.releasing.building import build_release, create_release, is_being_built
from annotator.releasing.places import file_name as stored_name
from annotator.releasing.places import local_folder, open_file

__all__ = ["build_release", "create_release", "is_being_built", "local_folder", "open_file", "stored_name"]
