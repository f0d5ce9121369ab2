"""A member with the annotation page open, for tests/views/test_fast_path.py."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from annotator.judging.assigning import refill_queue
from annotator.lib.public_ids import ASSIGNMENTS, MEMBERS
from annotator.models import Assignment, CampaignProgress, Member, Vote
from annotator.views import fast_path
from tests.factories import MemberFactory, PairFactory

PAIRS = 10


@dataclass
class World:
    """A member of a campaign of their own, with a queue and a page open in a browser."""

    member: Member
    client: Client
    seats: list[Assignment]
    body: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None

    def answer(self, *seats: int, **more: Any) -> None:
        """What the page sends next: answers to these of its seats, by their place in the queue."""
        given = [{"assignment": self.shown(seat), "choices": {"overall": "a"}, "elapsed_ms": 900} | more for seat in seats]
        held = [self.shown(seat) for seat in range(3) if seat not in seats]
        self.body = {"answers": given, "have": held, "unsent": 0, "member": MEMBERS.show(self.member.pk)}

    def shown(self, seat: int) -> int:
        return ASSIGNMENTS.show(self.seats[seat].pk)

    @property
    def sent(self) -> bytes:
        return json.dumps(self.body).encode() if self.content is None else self.content

    def fast(self) -> tuple[int, Any] | None:
        cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in self.client.cookies.items())
        headers = {"host": "testserver", "cookie": cookies, "content-type": "application/json"} | self.headers
        scope = {
            "method": "POST",
            "path": "/answers/",
            "query_string": b"",
            "server": ("testserver", 80),
            "client": ("127.0.0.1", 50_000),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        answer = fast_path.answer_fast(scope, self.sent)
        return answer and (answer.status, json.loads(answer.content))

    def ordinary(self) -> tuple[int, Any]:
        # As browsers send it with `fetch`.
        headers = {"Sec-Fetch-Mode": "cors"} | self.headers
        response = self.client.post("/answers/", self.sent, content_type="application/json", headers=headers)
        is_json = response.headers["Content-Type"] == "application/json"
        return response.status_code, response.json() if is_json else None

    def stored(self) -> Any:
        """What the database says afterwards, in words that are the same in every world."""
        self.member.refresh_from_db()
        seats = Assignment.objects.filter(member=self.member).order_by("pk")
        votes = Vote.objects.filter(assignment__member=self.member).order_by("assignment", "question__position")
        return (
            self.member.answered_count,
            [(seat.state, seat.shown_at is None, seat.closed_at is None) for seat in seats],
            list(votes.values_list("question__slug", "choice", "elapsed_ms", "comment", "conditions", "void_reason")),
        )

    def in_words(self, result: tuple[int, Any]) -> Any:
        """The answer with the places of assignments in the queue instead of their numbers."""
        status, data = result
        places = {ASSIGNMENTS.show(seat.pk): place for place, seat in enumerate(self.seats)}
        text = json.dumps(data).replace(self.member.campaign.slug, "the-campaign")
        data = json.loads(text)
        if isinstance(data, dict) and "answers" in data:
            for one in data["answers"]:
                one["assignment"] = places.get(one["assignment"], "unknown")
            for card in data.get("cards", []):
                card["assignment"] = places.get(card["assignment"], "unknown")
                card["prompt"] = ""
                for side in card["sides"]:
                    side["address"] = ""
            if "queue" in data:
                data["queue"] = [places.get(one, "unknown") for one in data["queue"]]
                data["undo"] = places.get(data["undo"])
                data["lease"] = pytest.approx(data["lease"], abs=5)
            data.pop("done", None), data.pop("notice", None)  # compared below as being there
        return status, data, isinstance(result[1], dict) and sorted(result[1])


def make_world() -> World:
    member = MemberFactory(campaign__undo_votes=5, campaign__asks_comment=True)
    CampaignProgress.objects.filter(campaign=member.campaign).update(votes_wanted=100, votes_live=20)
    for place in range(PAIRS):
        PairFactory(campaign=member.campaign, image_a__width=500 + place)
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.7)")  # the first side is a coin, the others balance it
    refill_queue(member_id=member.pk)
    seats = list(Assignment.objects.filter(member=member).order_by("pk"))
    client = Client(enforce_csrf_checks=True)
    client.force_login(member.user)
    client.get(f"/c/{member.campaign.slug}/")
    world = World(member, client, seats, headers={"x-csrftoken": client.cookies["csrftoken"].value})
    world.answer(0)
    return world


def change(model: Any, **values: Any) -> None:
    type(model).objects.filter(pk=model.pk).update(**values)
