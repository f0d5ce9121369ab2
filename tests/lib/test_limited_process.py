"""A child with limits, by real processes that break them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from annotator.lib.limited_process import ChildDied, LimitedProcess, Limits, OutOfMemory, OutOfTime, Pool

MODULE = "tests.lib.limited_handler"
LIMITS = Limits(memory=100_000_000, cpu_seconds=1)


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    pool = Pool(MODULE)
    yield pool
    pool.close()


def test_it_answers_again_and_again_from_one_child_that_knows_no_secrets(pool, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    pids = set()
    for blobs in ([b"x" * 3_000_000, b""], []):
        with pool.process(LIMITS) as child:
            assert child.call("echo", {"n": "ü"}, blobs) == ({"n": "ü", "secrets": []}, blobs)
            pids.add(child.pid)
    assert len(pids) == 1


@pytest.mark.parametrize(
    ("name", "failure"), [("take", OutOfMemory), ("spin", OutOfTime), ("die", ChildDied)], ids=["memory", "time", "killed"]
)
def test_what_breaks_a_limit_ends_the_child_and_the_next_one_answers(pool, name, failure):
    with pool.process(LIMITS) as child, pytest.raises(failure):
        child.call(name, {"bytes": 2 * LIMITS.memory})
    assert not psutil.pid_exists(child.pid)
    with pool.process(LIMITS) as child:
        assert child.call("take", {"bytes": LIMITS.memory // 4})[0] == {"bytes": LIMITS.memory // 4}


def test_a_child_that_keeps_memory_is_replaced(pool):
    with pool.process(LIMITS) as child:
        child.call("keep", {"bytes": LIMITS.memory * 2 // 3})
    assert not psutil.pid_exists(child.pid)


def test_a_child_that_ended_while_nobody_asked_has_died(pool):
    with pool.process(LIMITS) as child:
        psutil.Process(child.pid).kill()
        with pytest.raises(ChildDied, match="SIGKILL"):
            child.call("echo")


def test_nothing_is_left_of_one_that_was_killed(pool):
    with pool.process(LIMITS) as child:
        file = Path(child.call("leave a file")[0]["path"])
        assert file.exists()
        with pytest.raises(ChildDied):
            child.call("die")
    assert not file.parent.exists()


def test_where_the_system_cannot_limit_memory_the_parent_watches_it(pool):
    with pool.process(LIMITS) as child:
        child._is_held_by_kernel = False  # as on macOS
        child.limits = Limits(memory=60_000_000, cpu_seconds=10)
        with pytest.raises(OutOfMemory):
            child.call("keep and hang", {"bytes": 70_000_000})
    assert not psutil.pid_exists(child.pid)


def test_surplus_children_end(pool):
    children: list[LimitedProcess] = []
    with pool.process(LIMITS) as first, pool.process(LIMITS) as second, pool.process(LIMITS) as third:
        children += [first, second, third]
    assert sum(psutil.pid_exists(child.pid) for child in children) == 2
