"""Numbers that stand for the ids of rows wherever an annotator sees them.

An id says when its row was made, so that the ids of assignments tell which were mixed in, and those of votes how many others
there are. What is shown instead is a permutation of the numbers below 2^52, with a key made of SECRET_KEY and the kind of row: no
column and no index more, the same row always has the same number, and the numbers of two rows have no relation. They stay whole
numbers that JavaScript and JSON represent exactly; a UUIDv7 would tell the time again.

The permutation is a Feistel network of ten rounds, as NIST's FF1 has, over two halves of 26 bits. Its round function is keyed
BLAKE2b.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import Any

from django.conf import settings

from annotator.lib.encryption import derive_key

BITS = 26
HALF = (1 << BITS) - 1
LIMIT = 1 << 2 * BITS
ROUNDS = range(10)
NOBODYS = 0  # the id of no row


class PublicIds:
    """The shown numbers of one kind of rows."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def show(self, pk: int) -> int:
        """The number that stands for the id."""
        return _show(self._kind, settings.SECRET_KEY, pk)

    def find(self, shown: int) -> int:
        """The id that a number stands for, mostly of no row where nobody was shown it; NOBODYS for one that cannot be shown."""
        return _find(self._kind, settings.SECRET_KEY, shown) if 0 <= shown < LIMIT else NOBODYS


ASSIGNMENTS, VOTES, PAIRS, MEMBERS, NOTICES, USERS = map(PublicIds, ("assignment", "vote", "pair", "member", "notice", "user"))


class ShownAssignment:
    """The assignment in the path of an URL: its id in Python, its shown number in the address."""

    regex = "[0-9]+"

    def to_python(self, value: str) -> int:
        return ASSIGNMENTS.find(int(value)) if len(value) <= len(str(LIMIT)) else NOBODYS

    def to_url(self, value: int | str) -> str:
        return str(ASSIGNMENTS.show(int(value)))


# A page shows the same few numbers several times, and its answers bring them back.
@lru_cache(maxsize=100_000)
def _show(kind: str, secret: str, pk: int) -> int:
    if not 0 <= pk < LIMIT:
        raise ValueError(f"An id is from 0 to {LIMIT - 1}.")
    keyed = _keyed(kind, secret)
    left, right = pk >> BITS, pk & HALF
    for number in ROUNDS:
        left, right = right, left ^ _scramble(keyed, number, right)
    return left << BITS | right


@lru_cache(maxsize=100_000)
def _find(kind: str, secret: str, shown: int) -> int:
    keyed = _keyed(kind, secret)
    left, right = shown >> BITS, shown & HALF
    for number in reversed(ROUNDS):
        left, right = right ^ _scramble(keyed, number, left), left
    return left << BITS | right


def _scramble(keyed: Any, number: int, half: int) -> int:
    state = keyed.copy()
    state.update(bytes([number]) + half.to_bytes(4))
    return int.from_bytes(state.digest()) & HALF


@lru_cache(maxsize=100)
def _keyed(kind: str, secret: str) -> Any:
    return blake2b(key=derive_key(secret, f"public ids of {kind}"), digest_size=4)
