"""The project's settings with one address more: a view of a single query, which the vote loop is held against."""

from annotator.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.support.urls"
