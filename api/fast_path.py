"""The fast path of the two requests that machine annotators live on: the next assignments, and a vote.

The same throttles, token, verbs and serializers as in `api.views.assignments`, without the middleware and the views around them.
As in `annotator.views.fast_path`, whatever is not plain is None, and goes its ordinary way: there it is refused, in its words.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest
from rest_framework.exceptions import APIException
from rest_framework.renderers import JSONRenderer

from annotator.accounts import api_tokens
from annotator.campaigns.access import campaign_for_annotator
from annotator.choices import Scope
from annotator.errors import DomainError
from annotator.judging import assigning
from annotator.judging.vote_writer import Answer, write_votes
from annotator.lib.bare_requests import FastAnswer, headers_of, note_end, read_request, request_id_of
from annotator.lib.client_address import address_of
from annotator.lib.public_ids import ShownAssignment
from annotator.models import Member, Question, Token
from api import throttling
from api.parsers import read_json
from api.serializers.assignments import ChoiceBody, ChoicesBody
from api.views.assignments import COUNT_LIMIT, ask_for_more, next_after, shown_assignments, shown_vote

VOTE = re.compile(r"/api/v1/assignments/([0-9]{1,16})/vote/")
NEXT = re.compile(r"/api/v1/campaigns/([a-z0-9-]+)/assignments/")
QUERIES = {"vote": re.compile(rb"(?:next=([0-9]{1,2}))?"), "assignments": re.compile(rb"(?:count=([0-9]{1,2}))?")}
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
    with request_id_of(request) as request_id:
        try:
            token = _token(request)
            if token is None:
                return None
            result = (_vote if view == "vote" else _next)(request, token, content, count)
        except (DomainError, APIException, OperationalError, InterfaceError):
            return None
        if result is None:
            return None
        status, data = result
        note_end(f"api:{view}", request, status, start, token.user_id)
    own = ((b"cache-control", b"private, no-store"), (b"allow", b"POST"))
    return FastAnswer(status, headers_of(request_id, *own), JSONRenderer().render(data))


def _token(request: HttpRequest) -> Token | None:
    """Whoever may take assignments and vote, and has not asked too often. Raises BadToken."""
    address = address_of(request)
    if address and settings.API_RATE_ADDRESS and throttling.count(f"address:{address}") > settings.API_RATE_ADDRESS:
        return None
    token = api_tokens.token_of(request.META["HTTP_AUTHORIZATION"])
    if token is None or Scope.ANNOTATE not in token.scopes:
        return None
    if settings.API_RATE_TOKEN and throttling.count(f"token:{token.pk}") > settings.API_RATE_TOKEN:
        return None
    return token


def _next(request: HttpRequest, token: Token, content: bytes, count: int | None) -> Result | None:
    if content not in (b"", b"{}"):
        return None
    (slug,) = NEXT.fullmatch(request.path).groups()  # type: ignore[union-attr]
    campaign, member = campaign_for_annotator(token.user, slug)
    assignments = assigning.next_assignments(member=member, count=count or 1)
    if not assignments:
        return None
    ask_for_more(assignments, member)
    shown = shown_assignments(assignments, campaign, request)
    return 200, shown[0] if count is None else shown


def _vote(request: HttpRequest, token: Token, content: bytes, count: int | None) -> Result | None:
    (shown_id,) = VOTE.fullmatch(request.path).groups()  # type: ignore[union-attr]
    assignment_id = ShownAssignment().to_python(shown_id)
    given = read_json(content)
    is_several = isinstance(given, dict) and "choices" in given
    body = (ChoicesBody if is_several else ChoiceBody)(data=given)
    if not body.is_valid():
        return None
    values = body.validated_data
    choices = values["choices"] if is_several else {_primary(assignment_id): values["choice"]}
    answer = Answer(choices, values.get("elapsed_ms"), values["comment"])
    result = write_votes({assignment_id: answer}, user_id=token.user_id, count=0, now=datetime.now(UTC))
    if result is None:
        return None
    written, _ = result
    following = None
    if count is not None:
        member = Member.objects.select_related("campaign").get(pk=written.member_id)
        following = next_after(member, count, request)
    return 201, shown_vote(written.votes, is_several=is_several, following=following)


def _primary(assignment_id: int) -> str:
    """The slug of the question that a bare `choice` answers; "" for an unknown assignment."""
    questions = Question.objects.filter(campaign__assignments=assignment_id, position=0)
    return questions.values_list("slug", flat=True).first() or ""
