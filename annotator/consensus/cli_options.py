"""What options of the command line accept: numbers within limits, and an error that names the limit."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable


def at_least(smallest: int) -> Callable[[str], int]:
    """A whole number from `smallest` on."""

    def whole(text: str) -> int:
        value = int(text)
        if value < smallest:
            raise argparse.ArgumentTypeError(f"{text} is not {smallest} or more")
        return value

    return whole


def positive(text: str) -> float:
    return _number(text, lambda value: 0 < value < math.inf, "above 0")


def not_negative(text: str) -> float:
    return _number(text, lambda value: 0 <= value < math.inf, "0 or more")


def share(text: str) -> float:
    return _number(text, lambda value: 0 < value < 1, "between 0 and 1")


def share_or_0(text: str) -> float:
    return _number(text, lambda value: 0 <= value < 1, "from 0 to below 1")


def share_or_1(text: str) -> float:
    return _number(text, lambda value: 0 <= value <= 1, "from 0 to 1")


def above_half(text: str) -> float:
    return _number(text, lambda value: 0.5 < value < 1, "between 0.5 and 1")


def _number(text: str, is_within: Callable[[float], bool], limits: str) -> float:
    value = float(text)
    if not is_within(value):
        raise argparse.ArgumentTypeError(f"{text} is not {limits}")
    return value
