"""The fast path of an answer: a request of the annotation page that is as it should be, without Django's machinery around it.

    answer_fast          reads the headers, checks host and CSRF token as Django does, and asks for the answers (`_answer`)
    _prove, _known       who has this session: looked up as Django does, then remembered with what proves it
    _answer              one statement writes the votes, if the proof still stands, and fetches the next pairs
    _data                what the page gets, where all it needs is its next pairs

Each returns None for whatever is not plain: another address, no session, an error, a limit reached, a notice, the end of a
campaign, a database that is away. Then the request goes its ordinary way, through the middleware to `annotate.answers`, which
decides alone what is refused and how. That is safe after votes were written, too: the same answer twice is one answer.

So there is one rule to keep here: whatever this path does, the ordinary one would do in the same way. The same cases are run
through both in tests/views/test_fast_path.py.
"""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.cached_db import SessionStore
from django.contrib.sessions.models import Session
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils import timezone, translation
from django.utils.crypto import constant_time_compare

from annotator import tasks
from annotator.errors import Invalid
from annotator.judging.assigning import runs_low
from annotator.judging.limits import room_for
from annotator.judging.queue import head_of_queue
from annotator.judging.vote_writer import NextSeat, Proof, WrittenVotes, write_votes
from annotator.lib import metrics
from annotator.lib.bare_requests import FastAnswer, headers_of, note_end, read_request, request_id_of
from annotator.lib.languages import language_of
from annotator.lib.public_ids import ASSIGNMENTS
from annotator.models import CampaignProgress, Member, User
from annotator.scoring.progress import coarse_share
from annotator.views.annotate.answers import AnswersBody, Outcome, data_of_cards, read_answers
from annotator.views.annotate.page_state import Card, make_side_of, recorded
from annotator.views.middleware.log_in_first import RENEWED, RENEWED_EVERY

PATH = "/answers/"
REMEMBERED_LIMIT = 10_000  # sessions of a process


def answer_fast(scope: Mapping[str, Any], content: bytes) -> FastAnswer | None:
    """The answer to a request whose body was read, or None where it has to go its ordinary way."""
    if scope["method"] != "POST" or scope["path"] != PATH or scope["query_string"]:
        return None
    start = time.perf_counter()
    request = read_request(scope)
    if request is None or request.content_type != "application/json" or not _has_csrf_token(request):
        return None
    try:
        body = read_answers(content)
    except Invalid:
        return None
    with request_id_of(request) as request_id:
        try:
            found = _known(request.COOKIES.get(settings.SESSION_COOKIE_NAME, ""))
            with translation.override(language_of(request)):
                data = found and _answer(body, found)
        except (OperationalError, InterfaceError):
            return None  # the ordinary path gets itself a new connection
        if not found or data is None:
            return None
        note_end("answers", request, 200, start, found.user_id)
    return FastAnswer(200, headers_of(request_id, (b"vary", b"Accept-Language, Cookie")), json.dumps(data).encode())


# --- the request


class _QuietCsrf(CsrfViewMiddleware):
    """Django's check. The ordinary path says and logs what is wrong."""

    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:
        return HttpResponse(reason, status=403)


_csrf = _QuietCsrf(lambda request: HttpResponse())


def _has_csrf_token(request: HttpRequest) -> bool:
    _csrf.process_request(request)
    return _csrf.process_view(request, _no_view, (), {}) is None


def _no_view(request: HttpRequest) -> HttpResponse:
    raise NotImplementedError  # the check only asks whether it is exempt


# --- who asks


class Known(NamedTuple):
    """Whose session it is, what proves it, and until when (in seconds) the ordinary path need not note that it is in use."""

    user_id: int
    proof: Proof
    until: float


_remembered: OrderedDict[str, Known] = OrderedDict()


def _known(session: str) -> Known | None:
    """Looked up once for each session and process. What is remembered opens nothing: the statement of the vote asks whether the
    session and the user's password are still the same rows."""
    found = _remembered.get(session)
    if found is not None and time.time() < found.until:
        return found
    _remembered.pop(session, None)
    found = _prove(session) if session else None
    if found is not None:
        _remembered[session] = found
        while len(_remembered) > REMEMBERED_LIMIT:
            _remembered.popitem(last=False)
    return found


def _prove(session: str) -> Known | None:
    """As django.contrib.auth.get_user, from the tables instead of the cache. None for a session that opens nothing, that the
    ordinary path will renew, or whose user is known by an older secret."""
    row = Session.objects.filter(session_key=session, expire_date__gt=timezone.now()).first()
    if row is None:
        return None
    data = SessionStore().decode(row.session_data)
    if data.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    until = data.get(RENEWED, 0) + RENEWED_EVERY
    user = User.objects.filter(pk=data.get(SESSION_KEY, 0), is_active=True).first()
    if user is None or time.time() >= until:
        return None
    if not constant_time_compare(data.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash()):
        return None
    return Known(user.pk, Proof(session, row.session_data, user.password), until)


# --- the answer


@metrics.ASSIGNMENT_WAIT.time()
def _answer(body: AnswersBody, found: Known) -> dict[str, Any] | None:
    now = datetime.now(UTC)
    wanted = body.client.wanted
    result = write_votes(body.answers, user_id=found.user_id, count=wanted, now=now, proof=found.proof)
    if result is None:
        _remembered.pop(found.proof.session, None)  # perhaps it is no longer what it was
        return None
    written, seats = result
    if len(written.answered) < len(body.answers) or not written.may_go_on or written.notice_id not in (None, body.client.notice):
        return None
    if written.has_limits:
        seats = _seats_within_limits(written, wanted, now)
    if len(seats) < wanted:
        return None
    if runs_low(seats[0].queue_length or 0, wanted=wanted, answered=len(body.answers)):
        tasks.enqueue(tasks.refill_queue, written.member_id)
    return _data(body, written, seats, now)


def _seats_within_limits(written: WrittenVotes, wanted: int, now: datetime) -> list[NextSeat]:
    """The head of the queue, where no limit of the campaign cuts it short."""
    member = Member.objects.select_related("campaign").get(pk=written.member_id)
    room = room_for(member, now)
    if room is not None and room.votes < wanted:
        return []
    return [NextSeat.of(seat) for seat in head_of_queue(member, count=wanted, now=now)]


def _data(body: AnswersBody, written: WrittenVotes, seats: list[NextSeat], now: datetime) -> dict[str, Any]:
    outcomes = [Outcome(ASSIGNMENTS.show(seat)) for seat in body.answers]
    last = next(reversed(body.answers))
    left = min(seat.seconds_left(written.lease_seconds, now) for seat in seats)
    cards = [_card(seat) for seat in seats if seat.seat_id not in body.client.cards]
    queue = [ASSIGNMENTS.show(seat.seat_id) for seat in seats]
    progress = CampaignProgress(votes_live=written.votes_live or 0, votes_wanted=written.votes_wanted or 0)
    a_on_left = dict(zip(written.answered, written.sides, strict=True))[last]
    has_more = (seats[0].queue_length or 0) > len(seats)
    return data_of_cards(cards, queue, int(left), last if written.undo_votes else None, outcomes, has_more=has_more) | {
        "judged": written.answered_count,
        "percent": round(100 * coarse_share(progress)),
        "message": recorded(written.answered_count, list(body.answers[last].choices.values()), a_on_left=a_on_left),
    }


def _card(seat: NextSeat) -> Card:
    a = make_side_of("a", seat.a_id, seat.a_width, seat.a_height)
    b = make_side_of("b", seat.b_id, seat.b_width, seat.b_height)
    left, right = (a, b) if seat.seat_a_on_left else (b, a)
    return Card(seat.seat_id, ASSIGNMENTS.show(seat.seat_id), seat.prompt, seat.language, left, right)
