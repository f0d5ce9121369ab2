"""Answers from the script of the annotation page: one or several in a request, and data in return.

`fast_path.py` gives the same data for answers that are as they should be, without Django's machinery around them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeGuard

from django.http import HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from annotator.campaigns.access import require_own_page
from annotator.errors import DomainError, Invalid, NotFound
from annotator.judging.conditions import problem_with
from annotator.judging.vote_writer import ELAPSED_MS_LIMIT, Answer
from annotator.judging.voting import cast_vote
from annotator.lib.public_ids import ASSIGNMENTS, LIMIT, MEMBERS, NOTICES
from annotator.models import Member, User
from annotator.views.annotate.page_state import HELD_LIMIT, Card, ClientState, PageState, Side, next_state, recorded
from annotator.views.middleware.domain_errors import REFUSAL, status_of
from annotator.views.requests import UserRequest

ANSWERS_LIMIT = 50  # of one request; the page sends more in the next


@dataclass(frozen=True)
class AnswersBody:
    """The answers by assignment, in the order in which they were given, and what the page holds.

    `member` is whom the page is for, should it hold assignments that the site does not know.
    """

    answers: dict[int, Answer]
    client: ClientState
    member: int | None


@dataclass(frozen=True)
class Outcome:
    """What became of one answer: recorded, or the code and sentence of why not. `assignment` is its shown number."""

    assignment: int
    code: str = ""
    detail: str = ""

    def as_data(self) -> dict[str, Any]:
        return {"assignment": self.assignment, "code": self.code, "detail": self.detail}


def read_answers(content: bytes) -> AnswersBody:
    """Raises Invalid, naming the field. Impossible times and conditions are left out, so that no vote is lost because of them."""
    try:
        body = json.loads(content)
    except ValueError:  # UnicodeDecodeError is one
        raise Invalid(gettext("The body is not valid JSON.")) from None
    if not isinstance(body, dict):
        raise Invalid(gettext("The body must be a JSON object."))
    given = body.get("answers")
    if not isinstance(given, list) or not 1 <= len(given) <= ANSWERS_LIMIT:
        raise Invalid(gettext("`answers` must be a list of 1 to %(answers_limit)s answers.") % {"answers_limit": ANSWERS_LIMIT})
    answers: dict[int, Answer] = {}
    for number, one in enumerate(given, 1):
        seat, answer = _read_answer(one, f"Answer {number}")
        if seat in answers:
            raise Invalid(gettext("Answer %(number)s is for the same assignment as one before it.") % {"number": number})
        answers[seat] = answer
    held = body.get("have")
    cards = (
        frozenset(ASSIGNMENTS.find(one) for one in held[:HELD_LIMIT] if _is_id(one)) if isinstance(held, list) else frozenset()
    )
    unsent, notice, member = body.get("unsent"), body.get("notice"), body.get("member")
    client = ClientState(cards, unsent if _is_id(unsent) else 0, NOTICES.find(notice) if _is_id(notice) else None)
    return AnswersBody(answers, client, MEMBERS.find(member) if _is_id(member) else None)


def _read_answer(one: Any, name: str) -> tuple[int, Answer]:
    if not isinstance(one, dict) or not _is_id(one.get("assignment")):
        raise Invalid(gettext("%(name)s must be an object with `assignment`, a number.") % {"name": name})
    choices, comment, elapsed_ms = one.get("choices"), one.get("comment", ""), one.get("elapsed_ms")
    if not isinstance(choices, dict) or not all(_is_text(word) for pair in choices.items() for word in pair):
        raise Invalid(gettext("%(name)s: `choices` must map each question to a choice.") % {"name": name})
    if not _is_text(comment):
        raise Invalid(gettext("%(name)s: `comment` must be text without null characters.") % {"name": name})
    is_possible = _is_id(elapsed_ms) and elapsed_ms <= ELAPSED_MS_LIMIT
    conditions = one.get("conditions")
    if conditions is not None and problem_with(conditions) is not None:
        conditions = None
    return ASSIGNMENTS.find(one["assignment"]), Answer(choices, elapsed_ms if is_possible else None, comment, conditions)


def _is_id(value: Any) -> TypeGuard[int]:
    return type(value) is int and 0 <= value < LIMIT


def _is_text(value: Any) -> bool:
    """Text that the database can hold: no null character and no half of a surrogate pair, which JSON can have escaped."""
    if not isinstance(value, str) or "\0" in value:
        return False
    return value.isascii() or value.encode(errors="ignore").decode() == value


@require_POST
def answers(request: UserRequest) -> HttpResponse:
    """Record each answer, in order, or say why not; and what the page shows next."""
    try:
        body = read_answers(request.body)
    except Invalid as error:
        return _refused(error)
    outcomes, words = [], ""
    for seat, answer in body.answers.items():
        shown = ASSIGNMENTS.show(seat)
        try:
            cast = cast_vote(
                assignment_id=seat,
                by=request.user,
                choices=answer.choices,
                elapsed_ms=answer.elapsed_ms,
                comment=answer.comment,
                conditions=answer.conditions,
            )
        except DomainError as error:
            outcomes.append(Outcome(shown, error.code, error.detail))
        else:
            outcomes.append(Outcome(shown))
            votes = [vote.choice for vote in cast.votes]
            words = recorded(cast.assignment.member.answered_count, votes, a_on_left=cast.assignment.a_on_left)
    member = _member(request, body)
    if member is None:
        return _refused(_why_nobody(request.user, body.member))
    state = next_state(member, client=body.client, status_message=words)
    return JsonResponse(data_of_state(state, outcomes))


def _refused(error: DomainError) -> HttpResponse:
    data = {"code": error.code, "detail": error.detail}
    return JsonResponse(data, status=status_of(error), headers={REFUSAL: error.code})


def _why_nobody(user: User, member_id: int | None) -> DomainError:
    try:
        require_own_page(user, member_id)
    except DomainError as error:
        return error
    return NotFound(gettext("These pairs are not assigned to you."))


def _member(request: UserRequest, body: AnswersBody) -> Member | None:
    """Of the assignments; or else, of those of the user's, the one that the page names: after the site was restored from a
    backup, pages hold assignments that it does not know."""
    members = Member.objects.filter(user=request.user).select_related("campaign")
    return members.filter(assignments__in=body.answers).first() or members.filter(pk=body.member or 0).first()


def data_of_state(state: PageState, outcomes: Iterable[Outcome]) -> dict[str, Any]:
    if state.first:
        return {"answers": [one.as_data() for one in outcomes], "go_to": reverse(state.first, args=[state.campaign.slug])}
    data = data_of_cards(state.cards, state.queue, state.lease_left, state.undoable_id, outcomes, has_more=state.has_more)
    data |= {"judged": state.member.answered_count, "percent": state.percent, "message": state.status_message}
    if state.reason:
        data["done"] = render_to_string("annotate/_done.html", {"state": state, "reason": state.reason})
    if state.notice:
        data["notice"] = render_to_string("annotate/_notice.html", {"state": state})
    return data


def data_of_cards(
    cards: Iterable[Card],
    queue: list[int],
    lease_left: int,
    undoable_id: int | None,
    outcomes: Iterable[Outcome],
    *,
    has_more: bool,
) -> dict[str, Any]:
    """The cards that the page does not hold yet, the numbers of the member's first assignments and whether there are `more`, and
    what became of its answers."""
    return {
        "answers": [one.as_data() for one in outcomes],
        "cards": [data_of_card(card) for card in cards],
        "queue": queue,
        "more": has_more,
        "lease": lease_left,
        "undo": ASSIGNMENTS.show(undoable_id) if undoable_id else None,
    }


def data_of_card(card: Card) -> dict[str, Any]:
    return {
        "assignment": card.shown_as,
        "prompt": card.prompt,
        "language": card.language,
        "earlier": card.earlier,
        "sides": [_data_of_side(card.left), _data_of_side(card.right)],
    }


def _data_of_side(side: Side) -> dict[str, Any]:
    return {"slot": side.slot, "address": side.address, "width": side.width, "height": side.height, "sizes": side.sizes}
