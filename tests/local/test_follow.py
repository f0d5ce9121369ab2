"""What services report is shown, until somebody stops the site or it ends by itself."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from multiprocessing import Pipe

import pytest

from annotator.local.follow import (
    SIGNALS,
    TROUBLE_SHOWN,
    Ended,
    Follower,
    Stopped,
    ignore_signals,
    is_trouble,
    leave,
    stop_on_signals,
)

# --- signals


@pytest.fixture
def same_handlers_afterwards() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_is_raised_and_named(same_handlers_afterwards, number):
    stop_on_signals()

    with pytest.raises(Stopped, match=number.name):
        signal.raise_signal(number)


def test_only_the_first_signal_is_raised(same_handlers_afterwards):
    stop_on_signals()
    with pytest.raises(Stopped):
        signal.raise_signal(signal.SIGINT)

    for number in SIGNALS:
        signal.raise_signal(number)  # would end this test with a Stopped

    assert {signal.getsignal(number) for number in SIGNALS} == {signal.SIG_IGN}


def test_on_the_way_out_nothing_is_raised(same_handlers_afterwards):
    stop_on_signals()
    ignore_signals()

    for number in SIGNALS:
        signal.raise_signal(number)  # would end this test with a Stopped

    assert {signal.getsignal(number) for number in SIGNALS} == {signal.SIG_IGN}


# --- what it shows


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("2026-11-23T06:30:09.978000+00:00 [ERROR    ] it broke                       [celery]", True),
        ("django.db.utils.OperationalError: connection lost", True),
        ("ValueError: no", True),
        ("2026-11-23T06:30:09.978000+00:00 [INFO     ] Task errors.count received     [celery]", False),
        ("[INFO] Started worker-1", False),
    ],
)
def test_trouble_in_a_log_is_recognised(line, expected):
    assert is_trouble(line) == expected


@pytest.fixture
def supervisor():
    """Its end of the connection, and the follower's."""
    theirs, ours = Pipe()
    with theirs, ours:
        yield theirs, ours


@pytest.mark.parametrize("is_verbose", [False, True])
def test_errors_are_shown_up_to_a_number_and_everything_to_who_asks(tmp_path, capsys, supervisor, is_verbose):
    (tmp_path / "web.log").write_text("[ERROR ] of an earlier run\n")
    follower = Follower(supervisor[1], tmp_path, {"web": 27}, is_verbose=is_verbose)
    with (tmp_path / "web.log").open("a") as log:
        log.write("[INFO ] fine\n" + "[ERROR ] broken\n" * (TROUBLE_SHOWN + 2))
    looks = iter([False, True])

    follower.watch_until(lambda: next(looks), period=0)

    shown = capsys.readouterr().out
    assert "earlier" not in shown
    assert shown.count("broken") == (TROUBLE_SHOWN + 2 if is_verbose else TROUBLE_SHOWN)
    assert ("fine" in shown) == is_verbose
    assert ("further errors are only in" in shown) != is_verbose


@pytest.mark.parametrize(
    ("words", "reason"), [(b"web ended again and again.", "web ended again and again."), (None, "The supervisor ended.")]
)
def test_the_end_of_the_services_ends_it_with_the_reason(tmp_path, supervisor, words, reason):
    theirs, ours = supervisor
    if words is None:
        theirs.close()
    else:
        theirs.send_bytes(words)

    with pytest.raises(Ended, match=reason):
        Follower(ours, tmp_path, {"web": 0}, is_verbose=False).watch_until(lambda: False)


def test_who_leaves_waits_until_the_supervisor_lets_go(supervisor):
    theirs, ours = supervisor
    theirs.send_bytes(b"the answer to something before")
    theirs.close()

    leave(ours)

    assert ours.closed
