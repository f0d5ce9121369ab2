"""An annotator who looks for gold and repeats in all that the site shows of a pair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from annotator.accounts.api_tokens import create_token
from annotator.choices import Scope
from tests.attacks.target import Finding, Target
from tests.attacks.visitor import Visitor
from tests.observables import OBSERVABLES, make_member, take_turns, what_tells


def run(target: Target, turns: int = 120) -> Iterator[Finding]:
    member = make_member(turns)
    with Visitor(target, token=create_token(user=member.user, scopes=[Scope.ANNOTATE])[1]) as program:

        def ask(path: str, body: dict[str, Any] | None) -> tuple[int, bytes]:
            answer = program.post(path, json=body)
            return answer.status_code, answer.content

        seen = take_turns(member, turns, ask)
    kinds, told = Counter(row.kind for row in seen), what_tells(seen)
    is_held = not told and {row.statuses for row in seen} == {(200, 201)} and min(kinds["gold"], kinds["repeat"]) >= 3
    words = ", ".join(told) or f"none of {len(OBSERVABLES)} observables tells"
    yield Finding(
        "blindness: ids, sizes, times and places of gold and repeats",
        is_held,
        f"{words}; " + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())),
    )
