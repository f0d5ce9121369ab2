"""What ended is started again, later each time, until it is plain that it cannot stay up."""

from __future__ import annotations

from annotator.local.backoff import STEADY, WAITS, Backoff


def test_it_waits_longer_each_time_and_then_gives_up():
    backoff, now, waited = Backoff(), 100.0, []
    backoff.note_start(now)
    while backoff.note_end(now := now + 1):
        assert backoff.due is not None
        waited.append(backoff.due - now)
        backoff.note_start(now := backoff.due)

    assert waited == list(WAITS)
    assert waited == sorted(waited)


def test_who_ran_for_a_while_begins_anew():
    backoff = Backoff()
    for end in range(3 * len(WAITS)):
        backoff.note_start(end * 2 * STEADY)
        assert backoff.note_end((end * 2 + 1) * STEADY)
        assert backoff.due == (end * 2 + 1) * STEADY + WAITS[0]


def test_who_is_not_at_fault_is_tried_for_ever():
    backoff, now = Backoff(), 0.0
    for _ in range(5 * len(WAITS)):
        backoff.note_start(now)
        if not backoff.note_end(now):
            backoff.wait_on(now)
        assert backoff.due is not None
        now = backoff.due
    backoff.note_start(now)
    assert backoff.note_end(now + STEADY), "and once there is room, it is as any other"
