"""The two requests of machine annotators through the fast path and through the ordinary one: the same answers, the same votes."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import close_old_connections, connection, connections
from django.test import Client
from django.utils import timezone

from annotator.accounts import api_tokens
from annotator.choices import Scope
from annotator.judging import voting
from annotator.judging.assigning import refill_queue
from annotator.lib.public_ids import ASSIGNMENTS
from annotator.models import Assignment, Member, Token, Vote
from annotator.quality import moderation
from api import fast_path
from tests.factories import MemberFactory, PairFactory, QuestionFactory

pytestmark = pytest.mark.django_db


@dataclass
class World:
    """A member of a campaign of their own, with a queue, a token and the request that comes next."""

    member: Member
    token: Token
    seats: list[Assignment]
    headers: dict[str, str]
    path: str = ""
    query: str = ""
    body: Any = None
    address: str = "127.0.0.1"

    def vote(self, place: int = 0, *, query: str = "", **body: Any) -> None:
        self.path, self.query = f"/api/v1/assignments/{ASSIGNMENTS.show(self.seats[place].pk)}/vote/", query
        self.body = body or {"choice": "a", "elapsed_ms": 900}

    @property
    def content(self) -> bytes:
        return b"" if self.body is None else self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()

    def fast(self) -> Any:
        headers = {"host": "testserver", "content-type": "application/json"} | self.headers
        scope = {
            "method": "POST",
            "path": self.path,
            "query_string": self.query.encode(),
            "server": ("testserver", 80),
            "client": (self.address, 50_000),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        answer = fast_path.answer_fast(scope, self.content)
        return answer and (answer.status, {name.decode(): value.decode() for name, value in answer.headers}, answer.content)

    def ordinary(self) -> Any:
        address = f"{self.path}?{self.query}" if self.query else self.path
        client = Client(REMOTE_ADDR=self.address)
        response = client.post(address, self.content, content_type="application/json", headers=self.headers)
        return response.status_code, {name.lower(): value for name, value in response.headers.items()}, response.content

    def in_words(self, answer: Any) -> Any:
        """The answer without what differs from world to world: numbers, times, addresses of images and the id of the request."""
        status, headers, content = answer
        text = re.sub(
            r"\d{4}-\d\d-\d\dT[\d:.]+Z|[\da-f-]{36}|\b[a-z0-9]{16}\b|\d{6,}|A red cube on \d+[^\"]*", "…", content.decode()
        )
        text = re.sub(r'"prompt":"[^"]*"', '"prompt":"…"', text)
        left_out = {"content-length", "x-request-id"}
        return status, sorted(item for item in headers.items() if item[0] not in left_out), text

    def stored(self) -> Any:
        votes = Vote.objects.filter(assignment__member=self.member).order_by("pk")
        self.member.refresh_from_db()
        seats = Assignment.objects.filter(member=self.member).order_by("pk")
        return (
            self.member.answered_count,
            list(votes.values_list("question__slug", "choice", "elapsed_ms", "comment", "conditions")),
            [(seat.state, seat.shown_at is None) for seat in seats],
        )


def make_world() -> World:
    member = MemberFactory()
    PairFactory.create_batch(5, campaign=member.campaign)
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.7)")  # the first side is a coin, the others balance it
    refill_queue(member_id=member.pk)
    token, key = api_tokens.create_token(user=member.user, scopes=[Scope.ANNOTATE])
    Token.objects.filter(pk=token.pk).update(last_used_at=timezone.now())  # which the first request of a minute notes
    seats = list(Assignment.objects.filter(member=member).order_by("pk"))
    world = World(member, token, seats, {"authorization": f"Bearer {key}"})
    world.vote()
    return world


def a_vote(world: World) -> None:
    pass


def without_a_time(world: World) -> None:
    world.vote(choice="b")


def with_its_conditions(world: World) -> None:
    world.vote(
        choice="b", conditions={"input": "touch", "prompt": "folded", "left": [300, 225], "zoom": 2.5, "views": ["flicker"]}
    )


def several_questions(world: World) -> None:
    QuestionFactory(campaign=world.member.campaign, slug="beauty", position=1, choices=["a", "b"])
    world.vote(choices={"overall": "a", "beauty": "b"}, comment="  close  ")


def with_the_next(world: World) -> None:
    world.vote(query="next=3", choice="both_good")


def with_no_next_left(world: World) -> None:
    world.member.campaign.pairs.exclude(pk=world.seats[0].pair_id).update(state="held")
    Assignment.objects.filter(member=world.member).exclude(pk=world.seats[0].pk).update(state="skipped", closed_at=timezone.now())
    world.vote(query="next=3", choice="a")


def with_a_limit_reached(world: World) -> None:
    type(world.member.campaign).objects.filter(pk=world.member.campaign_id).update(limit_total=1)
    world.vote(query="next=1", choice="a")


def the_next_one(world: World) -> None:
    world.path, world.body = f"/api/v1/campaigns/{world.member.campaign.slug}/assignments/", None


def the_next_two(world: World) -> None:
    the_next_one(world)
    world.query, world.body = "count=2", {}


PLAIN = [
    *(
        a_vote,
        without_a_time,
        with_its_conditions,
        several_questions,
        with_the_next,
        with_no_next_left,
        with_a_limit_reached,
    ),
    *(the_next_one, the_next_two),
]


def the_same_vote_again(world: World) -> None:
    voting.cast_vote(assignment_id=world.seats[0].pk, by=world.member.user, choices={"overall": "a"})


def another_vote(world: World) -> None:
    voting.cast_vote(assignment_id=world.seats[0].pk, by=world.member.user, choices={"overall": "b"})


def a_pair_of_somebody_else(world: World) -> None:
    world.path = f"/api/v1/assignments/{ASSIGNMENTS.show(make_world().seats[0].pk)}/vote/"


def an_unknown_choice(world: World) -> None:
    world.vote(choice="c")


def impossible_conditions(world: World) -> None:
    world.vote(choice="a", conditions={"zoom": 0})


def too_soon_to_have_seen_it(world: World) -> None:
    world.vote(choice="a", elapsed_ms=5)


def an_unknown_field(world: World) -> None:
    world.vote(choice="a", sure=True)


def no_json(world: World) -> None:
    world.body = b"{"


def suspended(world: World) -> None:
    moderation.suspend_member(member=world.member, by=None)


def a_closed_campaign(world: World) -> None:
    type(world.member.campaign).objects.filter(pk=world.member.campaign_id).update(state="closed")


def a_revoked_token(world: World) -> None:
    api_tokens.revoke_tokens(user=world.member.user)


def an_expired_token(world: World) -> None:
    Token.objects.filter(pk=world.token.pk).update(expires_at=timezone.now())


def an_unknown_token(world: World) -> None:
    world.headers["authorization"] = "Bearer dpt_x"


def a_token_for_something_else(world: World) -> None:
    Token.objects.filter(pk=world.token.pk).update(scopes=[Scope.EXPORT])


def no_token(world: World) -> None:
    del world.headers["authorization"]


def a_wish_for_html(world: World) -> None:
    world.headers["accept"] = "text/html"


def too_many_next(world: World) -> None:
    world.query = "next=11"


def a_next_that_is_no_number(world: World) -> None:
    world.query = "next=x"


def no_campaign_of_theirs(world: World) -> None:
    the_next_one(world)
    world.path = "/api/v1/campaigns/unknown/assignments/"


def nothing_left(world: World) -> None:
    with_no_next_left(world)
    Assignment.objects.filter(member=world.member).update(state="skipped", closed_at=timezone.now())
    world.member.campaign.pairs.update(state="held")
    the_next_one(world)


ODD = [
    *(
        the_same_vote_again,
        another_vote,
        a_pair_of_somebody_else,
        an_unknown_choice,
        impossible_conditions,
        too_soon_to_have_seen_it,
        an_unknown_field,
        no_json,
        suspended,
    ),
    *(a_closed_campaign, a_revoked_token, an_expired_token, an_unknown_token, a_token_for_something_else, no_token),
    *(a_wish_for_html, too_many_next, a_next_that_is_no_number, no_campaign_of_theirs, nothing_left),
]


def both(case: Callable[[World], None]) -> Any:
    quick, slow = make_world(), make_world()
    case(quick)
    case(slow)
    return quick.fast(), quick, slow, slow.ordinary()


@pytest.mark.parametrize("case", PLAIN, ids=lambda case: case.__name__)
def test_what_is_plain_goes_the_fast_way_and_comes_out_the_same(case):
    fast, quick, slow, ordinary = both(case)

    assert fast[0] < 300
    assert quick.in_words(fast) == slow.in_words(ordinary)
    assert quick.stored() == slow.stored()


def test_a_machine_may_take_no_time():
    world = make_world()
    Member.objects.filter(pk=world.member.pk).update(kind="machine")
    world.vote(choice="b", elapsed_ms=0)

    assert world.fast()[0] == 201
    assert Vote.objects.get().elapsed_ms == 0


@pytest.mark.parametrize("case", ODD, ids=lambda case: case.__name__)
def test_everything_else_is_left_to_the_ordinary_way(case):
    fast, quick, slow, ordinary = both(case)

    assert fast is None
    assert quick.in_words(quick.ordinary()) == slow.in_words(ordinary)
    assert quick.stored() == slow.stored()


@pytest.mark.parametrize("setting", ["API_RATE_TOKEN", "API_RATE_ADDRESS"])
def test_the_fast_way_counts_for_the_same_limits(settings, setting):
    setattr(settings, setting, 1)
    world = make_world()
    world.address = f"2001:db8::{secrets.token_hex(2)}:{secrets.token_hex(2)}"  # of no other test
    assert world.fast()

    world.vote(1)

    assert world.fast() is None
    assert world.ordinary()[0] == 429
    assert Vote.objects.count() == 1


@pytest.mark.parametrize("setting", ["API_RATE_TOKEN", "API_RATE_ADDRESS"])
def test_what_is_left_to_the_ordinary_way_counts_once(settings, setting):
    setattr(settings, setting, 2)
    world = make_world()
    world.address = f"2001:db8::{secrets.token_hex(2)}:{secrets.token_hex(2)}"
    another_vote(world)
    statuses = []
    for _ in range(3):
        assert world.fast() is None
        statuses.append(world.ordinary()[0])

    assert statuses == [409, 409, 429]


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_breaks_sends_the_request_its_ordinary_way():
    world = make_world()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    other = connections.create_connection("default")
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])
    other.close()

    assert world.fast() is None

    close_old_connections()  # as at the start of a request
    assert world.ordinary()[0] == 201
