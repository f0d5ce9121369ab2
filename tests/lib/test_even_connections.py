"""Which clients a web process lets connect anew, beside others that serve fewer or more."""

from __future__ import annotations

import os

import pytest

from annotator.lib.even_connections import BUSY, STALE, WINDOW, EvenConnections


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


def serve(process: EvenConnections, clock: Clock, clients: int, requests: int = 2 * BUSY) -> int:
    """A window of requests from so many clients, and the next one. Returns how many of them are let go."""
    asked = [("192.0.2.1", 1000 + number % clients) for number in range(requests)]
    gone = sum(process.let_go(client) for client in asked)
    clock.now += WINDOW
    gone += sum(process.let_go(client) for client in asked[:clients])
    for file in process._file.parent.glob("*"):
        if file.stat().st_mtime > clock.now + 10:  # the file system's clock is not ours
            os.utime(file, (clock.now, clock.now))
    return gone


@pytest.mark.parametrize(("mine", "other", "gone"), [(7, 1, 3), (6, 2, 2), (5, 3, 0), (4, 4, 0), (1, 7, 0), (200, 100, 50)])
def test_half_of_what_is_more_than_the_other_has_is_let_go(tmp_path, clock, mine, other, gone):
    busy, idle = (EvenConnections(tmp_path, name=name, clock=clock) for name in ("a", "b"))
    serve(idle, clock, other)

    assert serve(busy, clock, mine, requests=max(2 * BUSY, 2 * mine)) == gone


def test_who_has_time_lets_nobody_go(tmp_path, clock):
    slow, idle = (EvenConnections(tmp_path, name=name, clock=clock) for name in ("a", "b"))
    serve(idle, clock, 1)

    assert serve(slow, clock, 7, requests=BUSY - 1) == 0


def test_a_process_that_ended_does_not_count(tmp_path, clock):
    busy, gone = (EvenConnections(tmp_path, name=name, clock=clock) for name in ("a", "b"))
    serve(gone, clock, 1)
    clock.now += STALE

    assert serve(busy, clock, 7) == 0


def test_without_a_place_to_write_all_stay(tmp_path, clock):
    (tmp_path / "file").touch()

    assert serve(EvenConnections(tmp_path / "file" / "x", clock=clock), clock, 7) == 0


def test_processes_that_were_forked_after_it_was_made_are_told_apart(tmp_path, clock):
    made = EvenConnections(tmp_path, clock=clock)
    child = os.fork()
    if not child:
        serve(made, clock, 1)
        os._exit(0)
    os.waitpid(child, 0)
    serve(made, clock, 1)

    assert len(list(tmp_path.iterdir())) == 2
