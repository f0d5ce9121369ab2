"""What ended is started again, later each time, until it is plain that it cannot stay up."""

from __future__ import annotations

from annotator.local.backoff import STEADY, WAITS, Backoff


def test_it_waits_longer_each_time_and_then_gives_up():
    backoff = Backoff()

    waited = [backoff.wait_after(1) for _ in range(len(WAITS) + 1)]

    assert waited == [*WAITS, None]
    assert list(WAITS) == sorted(WAITS)


def test_who_ran_for_a_while_begins_anew():
    backoff = Backoff()

    assert [backoff.wait_after(STEADY) for _ in range(3 * len(WAITS))] == [WAITS[0]] * 3 * len(WAITS)


def test_who_is_not_at_fault_is_tried_for_ever():
    backoff = Backoff()
    for _ in range(5 * len(WAITS)):
        if backoff.wait_after(0) is None:
            assert backoff.once_more() == WAITS[-1]

    assert backoff.wait_after(STEADY) == WAITS[0], "and once there is room, it is as any other"
