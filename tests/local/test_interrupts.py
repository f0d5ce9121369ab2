"""One exception for the first signal, none for any other."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from annotator.local.interrupts import SIGNALS, Stopped, ignore_signals, stop_on_signals


@pytest.fixture(autouse=True)
def same_handlers_afterwards() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_is_raised_and_named(number):
    stop_on_signals()

    with pytest.raises(Stopped, match=number.name):
        signal.raise_signal(number)


def test_only_the_first_signal_is_raised():
    stop_on_signals()
    with pytest.raises(Stopped):
        signal.raise_signal(signal.SIGINT)

    for number in SIGNALS:
        signal.raise_signal(number)  # would end this test with a Stopped

    assert {signal.getsignal(number) for number in SIGNALS} == {signal.SIG_IGN}


def test_on_the_way_out_nothing_is_raised():
    stop_on_signals()
    ignore_signals()

    for number in SIGNALS:
        signal.raise_signal(number)  # would end this test with a Stopped

    assert {signal.getsignal(number) for number in SIGNALS} == {signal.SIG_IGN}
