"""An annotator who looks for gold and repeats in all that the site shows of a pair, to a program and to the page."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from annotator.accounts.api_tokens import create_token
from annotator.choices import Scope
from annotator.lib.public_ids import ASSIGNMENTS
from annotator.models import Assignment, Member
from benchmarks.support.passwords import PASSWORD
from tests.attacks.target import Finding, Target
from tests.attacks.visitor import Visitor
from tests.observables import OBSERVABLES, Seen, make_member, take_turns, what_tells

CARD = re.compile(r'data-assignment="(\d+)".*?/images/([0-9a-f-]{36})/', re.DOTALL)


def run(target: Target, turns: int = 120) -> Iterator[Finding]:
    member = make_member(turns)
    with Visitor(target, token=create_token(user=member.user, scopes=[Scope.ANNOTATE])[1]) as program:

        def ask(path: str, body: dict[str, Any] | None) -> tuple[int, bytes]:
            answer = program.post(path, json=body)
            return answer.status_code, answer.content

        yield judged("over REST", take_turns(member, turns, ask), {(200, 201)})
    member = make_member(turns)
    member.user.set_password(PASSWORD)
    member.user.save()
    with Visitor(target) as browser:
        browser.log_in(member.user.username)
        yield judged("on the page", page_turns(browser, member, turns), {(200,)})


def judged(where: str, seen: list[Seen], statuses: set[tuple[int, ...]]) -> Finding:
    kinds, told = Counter(row.kind for row in seen), what_tells(seen)
    is_held = not told and {row.statuses for row in seen} == statuses and min(kinds["gold"], kinds["repeat"]) >= 3
    words = ", ".join(told) or f"none of {len(OBSERVABLES)} observables tells"
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    return Finding(f"blindness: ids, sizes, times and places of gold and repeats {where}", is_held, f"{words}; {counts}")


def page_turns(browser: Visitor, member: Member, count: int) -> list[Seen]:
    """As the page's script answers: each answer brings the next cards."""
    page = browser.get(f"/c/{member.campaign.slug}/").text
    cards = {int(assignment): image for assignment, image in CARD.findall(page)}
    queue, seen = list(cards), []
    for place in range(count):
        assignment = queue[0]
        given = {"assignment": assignment, "choices": {"overall": "a"}, "elapsed_ms": 900}
        began = time.perf_counter()
        answer = browser.post(
            "/answers/",
            json={"answers": [given], "have": queue[1:]},
            headers={"X-CSRFToken": browser.cookies["csrftoken"], "Sec-Fetch-Mode": "cors"},
        )
        seconds = time.perf_counter() - began
        data = answer.json()
        seen.append(
            Seen(
                kind=Assignment.objects.get(pk=ASSIGNMENTS.find(assignment)).kind,
                place=place,
                assignment_id=assignment,
                vote_id=int(data["undo"] == assignment),  # whether undo would take back this one
                pair_id=0,
                images=cards[assignment],
                statuses=(answer.status_code,),
                sizes=(0, len(answer.content)),
                seconds=(0.0, seconds),
            )
        )
        cards |= {card["assignment"]: card["sides"][0]["address"].split("/images/")[1] for card in data["cards"]}
        queue = data["queue"]
    return seen
