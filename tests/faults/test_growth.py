from __future__ import annotations

import mmap
import os
import random

import psutil
import pytest

from tests.faults.growth import Samples, connections_of, memory_of, name_of

HOUR = range(0, 3600, 10)


def trends_of(what: str, values: list[float]) -> list[bool]:
    samples = Samples()
    for at, value in zip(HOUR, values, strict=False):
        samples.add(at, {("web 7", what): value})
    return [trend.grows for trend in samples.trends()]


@pytest.mark.parametrize(("what", "per_hour"), [("memory", 30), ("files", 20), ("connections", 6)])
def test_what_grows_all_the_time_is_found(what, per_hour):
    dice = random.Random(1)

    assert trends_of(what, [100 + per_hour * at / 3600 + dice.gauss(0, 1) for at in HOUR]) == [True]


@pytest.mark.parametrize("what", ["memory", "files", "connections"])
def test_noise_peaks_and_what_fills_up_at_the_start_are_no_growth(what):
    dice = random.Random(2)

    assert trends_of(what, [100 + dice.gauss(0, 3) + (80 if dice.random() < 0.02 else 0) for _ in HOUR]) == [False]
    assert trends_of(what, [min(100.0, at / 8) for at in HOUR]) == [False]


def test_a_slope_of_few_minutes_counts_only_with_what_was_gained_in_them():
    assert trends_of("memory", [100 + 100 * at / 3600 for at in HOUR[:18]]) == [False]  # 5 MB in three minutes
    assert trends_of("memory", [100 + 400 * at / 3600 for at in HOUR[:18]]) == [True]


def test_a_process_that_was_replaced_has_no_slope():
    samples = Samples()
    for at in HOUR:
        samples.add(at, {("web 7" if at < 2000 else "web 8", "memory"): 100.0 + at})

    assert samples.trends() == []


def test_it_sees_what_a_process_is_and_holds():
    me = psutil.Process(os.getpid())
    before = memory_of(me)
    with mmap.mmap(-1, 60_000_000, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as held:  # pages that nobody had before
        held.write(b"x" * 60_000_000)
        assert memory_of(me) - before > 40

    assert name_of(me) == f"other {me.pid}"
    assert connections_of({7: "web 7"}, ["diptych 7", "diptych 8", "psql", "diptych 7"]) == [("web 7", "connections")] * 2
