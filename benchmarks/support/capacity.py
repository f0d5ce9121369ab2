"""What so many concurrent annotators need, computed from what a vote was measured to cost. docs/scale.md shows it."""

from __future__ import annotations

import math
from dataclasses import dataclass

SECONDS_A_VOTE = 5.0  # from one answer of a person to the next
LOAD = 0.6  # of a core, at which there is room for a peak and for the loss of a machine
DATABASE_CORES = 64  # of the largest PostgreSQL that one would run
DATABASE_LOG = 200e6  # bytes of write-ahead log a second that its disk takes, and a standby follows
VALKEY_CORES = 1.0  # it runs commands in one thread
ACTIVE_SECONDS_A_DAY = 8 * 3600
VOTES_A_PAIR = 3
PAGE = 8192  # bytes of a page of PostgreSQL


@dataclass(frozen=True)
class Costs:
    """Of one vote."""

    web_ms: float
    worker_ms: float
    postgres_ms: float
    valkey_ms: float
    log_bytes: float
    stored_bytes: float  # its row and its assignment, with their indexes
    pair_bytes: float  # of a pair with its prompt and images' rows
    picture_bytes: float  # that a browser loads for a pair
    file_bytes: float  # that are kept for an image
    web_mb: float  # memory of a web process
    worker_mb: float


@dataclass(frozen=True)
class Needs:
    annotators: int
    votes_per_s: float
    web_cores: int
    worker_cores: int
    database_cores: int
    databases: int  # primaries that share the campaigns
    valkeys: int
    memory_gb: float  # of the web and worker processes, of which each core has one
    log_mb_per_s: float
    votes_a_day: float
    database_gb_a_day: float
    picture_gbit_per_s: float


def needs(costs: Costs, annotators: int) -> Needs:
    """For people who all answer every SECONDS_A_VOTE. Cores are as many as are at LOAD then."""
    rate = annotators / SECONDS_A_VOTE
    cores = lambda spent_ms: math.ceil(rate * spent_ms / 1000 / LOAD)  # noqa: E731
    log = rate * costs.log_bytes
    a_day = rate * ACTIVE_SECONDS_A_DAY
    return Needs(
        annotators=annotators,
        votes_per_s=rate,
        web_cores=cores(costs.web_ms),
        worker_cores=cores(costs.worker_ms),
        database_cores=cores(costs.postgres_ms),
        databases=max(math.ceil(cores(costs.postgres_ms) / DATABASE_CORES), math.ceil(log / DATABASE_LOG)),
        valkeys=math.ceil(cores(costs.valkey_ms) / VALKEY_CORES),
        memory_gb=(cores(costs.web_ms) * costs.web_mb + cores(costs.worker_ms) * costs.worker_mb) / 1000,
        log_mb_per_s=log / 1e6,
        votes_a_day=a_day,
        database_gb_a_day=a_day * stored_per_vote(costs) / 1e9,
        picture_gbit_per_s=rate * costs.picture_bytes * 8 / 1e9,
    )


def stored_per_vote(costs: Costs) -> float:
    """Bytes in the database: of the vote, and its share of its pair."""
    return costs.stored_bytes + costs.pair_bytes / VOTES_A_PAIR


def database_gigabytes(costs: Costs, votes: int) -> float:
    return votes * stored_per_vote(costs) / 1e9


def entries_a_page(bytes_an_entry: float) -> int:
    """Of an index whose size by entry was measured, which is of pages as full as they are."""
    return max(2, int(PAGE / bytes_an_entry))


def index_levels(rows: float, bytes_an_entry: float) -> int:
    """Pages from the root of a B-tree to an entry. A page higher up has as many entries as one at the bottom."""
    pages, levels = max(1.0, rows / entries_a_page(bytes_an_entry)), 1
    while pages > 1:
        pages, levels = math.ceil(pages / entries_a_page(bytes_an_entry)), levels + 1
    return levels
