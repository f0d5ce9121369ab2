"""The fast path of the two requests that machine annotators live on: the next assignments, and a vote.

The same throttles, tokens, verbs and answers as in `api.views.assignments`, without Django REST framework in between.
As in `annotator.views.fast_path`, whatever is not plain is None, and goes its ordinary way: there it is refused, in its words.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from rest_framework.exceptions import APIException
from rest_framework.renderers import JSONRenderer

from annotator import tasks
from annotator.accounts import api_tokens
from annotator.accounts.api_tokens import PlainToken
from annotator.campaigns.access import campaign_for_annotator
from annotator.choices import Choice, Scope
from annotator.errors import DomainError
from annotator.importing.images import DISPLAY_WIDTHS
from annotator.judging import assigning
from annotator.judging.own_votes import OwnVote, own_votes
from annotator.judging.vote_writer import Answer, NextSeat, WrittenVotes, write_votes
from annotator.lib.bare_requests import FastAnswer, headers_of, note_end, read_request, request_id_of
from annotator.lib.client_address import address_of
from annotator.lib.public_ids import ASSIGNMENTS, PAIRS, VOTES, ShownAssignment
from annotator.models import Member, User
from api import throttling
from api.parsers import read_json
from api.views.assignments import COUNT_LIMIT, ask_for_more, next_after, shown_assignments

VOTE = re.compile(r"/api/v1/assignments/([0-9]{1,16})/vote/")
NEXT = re.compile(r"/api/v1/campaigns/([a-z0-9-]+)/assignments/")
QUERIES = {"vote": re.compile(rb"(?:next=([0-9]{1,2}))?"), "assignments": re.compile(rb"(?:count=([0-9]{1,2}))?")}
FIELDS = {"choice", "choices", "elapsed_ms", "comment", "conditions"}
ANY_TYPE = ("", "*/*", "application/json")

Result = tuple[int, Any]  # status and data


def answer_fast(scope: Mapping[str, Any], content: bytes) -> FastAnswer | None:
    """The answer to a request whose body was read, or None where it has to go its ordinary way."""
    if scope["method"] != "POST":
        return None
    path = scope["path"]
    view = "vote" if VOTE.fullmatch(path) else "assignments" if NEXT.fullmatch(path) else None
    query = QUERIES[view].fullmatch(scope["query_string"]) if view else None
    if view is None or query is None:
        return None
    count = int(query[1]) if query[1] else None
    start = time.perf_counter()
    request = read_request(scope)
    if request is None or request.META.get("HTTP_ACCEPT", "") not in ANY_TYPE or "HTTP_AUTHORIZATION" not in request.META:
        return None
    if (count is not None and not 1 <= count <= COUNT_LIMIT) or (content and request.content_type != "application/json"):
        return None
    counted: list[str] = []
    token = None
    with request_id_of(request) as request_id:
        try:
            token = _token(request, counted)
            result = token and (_vote if view == "vote" else _next)(request, token, content, count)
        except (DomainError, APIException, OperationalError, InterfaceError):
            result = None
        if not token or not result:
            throttling.uncount(counted)  # the ordinary path counts for itself
            return None
        status, data = result
        note_end(f"api:{view}", request, status, start, token.user_id)
    own = ((b"cache-control", b"private, no-store"), (b"allow", b"POST"))
    return FastAnswer(status, headers_of(request_id, *own), JSONRenderer().render(data))


def _token(request: HttpRequest, counted: list[str]) -> PlainToken | None:
    """Whoever may take assignments and vote, and has not asked too often. `counted` gets whom this request counts for."""
    address = address_of(request)
    if address and not _may_ask(f"address:{address}", settings.API_RATE_ADDRESS, counted):
        return None
    scheme, _, key = request.META["HTTP_AUTHORIZATION"].partition(" ")
    token = api_tokens.find_plain_token(key.strip(), timezone.now()) if scheme.lower() == "bearer" else None
    if token is None or Scope.ANNOTATE not in token.scopes:
        return None
    return token if _may_ask(f"token:{token.id}", settings.API_RATE_TOKEN, counted) else None


def _may_ask(caller: str, rate: int, counted: list[str]) -> bool:
    if not rate:
        return True
    counted.append(caller)
    return throttling.count(caller) <= rate


def _next(request: HttpRequest, token: PlainToken, content: bytes, count: int | None) -> Result | None:
    if content not in (b"", b"{}"):
        return None
    (slug,) = NEXT.fullmatch(request.path).groups()  # type: ignore[union-attr]
    campaign, member = campaign_for_annotator(User(pk=token.user_id), slug)
    assignments = assigning.next_assignments(member=member, count=count or 1)
    if not assignments:
        return None
    ask_for_more(assignments, member, count or 1)
    shown = shown_assignments(assignments, campaign, request)
    return 200, shown[0] if count is None else shown


def _vote(request: HttpRequest, token: PlainToken, content: bytes, count: int | None) -> Result | None:
    (shown_id,) = VOTE.fullmatch(request.path).groups()  # type: ignore[union-attr]
    assignment_id, given = ShownAssignment().to_python(shown_id), read_json(content)
    answer = _answer(given)
    if answer is None:
        return None
    now = datetime.now(UTC)
    result = write_votes({assignment_id: answer}, user_id=token.user_id, count=count or 0, now=now)
    if result is None:
        return None
    written, seats = result
    votes = own_votes(written.votes)
    shown = [_shown_vote(vote) for vote in votes]
    data = shown[0] if "choice" in given else {"assignment": int(shown_id), "votes": shown}
    if count is not None:
        data["next"] = _following(request, written, seats, votes[0].campaign_questions, count, now)
    return 201, data


def _answer(given: Any) -> Answer | None:
    """A body that has nothing to be refused in it."""
    if not isinstance(given, dict) or not given.keys() <= FIELDS or ("choice" in given) is ("choices" in given):
        return None
    choices = {"": given["choice"]} if "choice" in given else given["choices"]
    elapsed_ms, comment = given.get("elapsed_ms"), given.get("comment", "")
    if not isinstance(choices, dict) or not choices or ("choices" in given and "" in choices):
        return None
    if not all(isinstance(choice, str) and choice in Choice.values for choice in choices.values()):
        return None
    if not isinstance(comment, str) or not (elapsed_ms is None or type(elapsed_ms) is int):
        return None
    return Answer(choices, elapsed_ms, comment.strip(), given.get("conditions"))


def _shown_vote(vote: OwnVote) -> dict[str, Any]:
    """As `OwnVoteSerializer`."""
    return {
        "vote_id": vote.vote_id if vote.knows_ids else VOTES.show(vote.vote_id),
        "pair_id": vote.pair_id if vote.knows_ids else PAIRS.show(vote.pair_id),
        "question": vote.question,
        "annotator_id": vote.annotator_id,
        "choice": vote.choice,
        "a_on_left": vote.a_on_left,
        "kind": None,
        "elapsed_ms": vote.elapsed_ms,
        "conditions": vote.conditions and json.loads(vote.conditions),
        "guideline_version": vote.guideline_version,
        "created_at": _time(vote.created_at),
        "void_reason": vote.void_reason,
    }


def _following(
    request: HttpRequest, written: WrittenVotes, seats: list[NextSeat], questions: list[dict[str, Any]], count: int, now: datetime
) -> list[dict[str, Any]]:
    if not written.may_go_on or len(seats) < count:  # a limit to ask for, a queue to fill, or nothing left
        return next_after(Member.objects.select_related("campaign").get(pk=written.member_id), count, request)
    if assigning.runs_low(seats[0].queue_length or 0, wanted=count):
        tasks.enqueue(tasks.refill_queue, written.member_id)
    return [_shown_seat(request, seat, questions, seat.expires_at(written.lease_seconds, now)) for seat in seats]


def _shown_seat(request: HttpRequest, seat: NextSeat, questions: list[dict[str, Any]], expires_at: datetime) -> dict[str, Any]:
    """As `AssignmentSerializer`."""
    a = {"slot": "a", "url": _address(request, seat.a_id), "width": seat.a_width, "height": seat.a_height}
    b = {"slot": "b", "url": _address(request, seat.b_id), "width": seat.b_width, "height": seat.b_height}
    left, right = (a, b) if seat.seat_a_on_left else (b, a)
    shown = {"id": ASSIGNMENTS.show(seat.seat_id), "prompt": seat.prompt, "left": left, "right": right}
    return shown | {"questions": questions, "expires_at": _time(expires_at)}


def _address(request: HttpRequest, public_id: UUID) -> str:
    return request.build_absolute_uri(reverse("image", args=[public_id, max(DISPLAY_WIDTHS)]))


def _time(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
