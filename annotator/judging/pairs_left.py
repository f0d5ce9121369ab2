"""How much is left for a member, by the same tables that a queue is filled from, and without filling one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from annotator.lib.raw_sql import fetch_prepared, read_statement

# Pairs with a free seat that are looked at for each member. Only where none of them is left for the member, more are.
FIRST_LOOK = 60
LAST_LOOK = 50_000

_SQL = read_statement(__file__, "pairs_left")


@dataclass(frozen=True)
class PairsLeft:
    """A row of pairs_left.sql: open assignments, and pairs with a free seat that the member has not had, of so many looked at."""

    member_id: int
    queued: int
    looked_at: int
    fresh: int
    bound: int

    @property
    def at_least(self) -> int:
        return self.queued + self.fresh

    @property
    def is_all(self) -> bool:
        """Whether every pair with a free seat was looked at, so that `at_least` is all there is."""
        return self.looked_at < self.bound


def pairs_left(members: Sequence[int]) -> dict[int, PairsLeft]:
    """By the ids of the members. One query for all of them, and one more for those who have had what it looked at."""
    found = _look(members, FIRST_LOOK)
    unsure = [member for member, left in found.items() if not left.at_least and not left.is_all]
    return found | _look(unsure, LAST_LOOK)


def _look(members: Sequence[int], bound: int) -> dict[int, PairsLeft]:
    if not members:
        return {}
    rows = fetch_prepared(_SQL, {"members": list(members), "bound": bound}).as_rows(PairsLeft)
    return {row.member_id: row for row in rows}
