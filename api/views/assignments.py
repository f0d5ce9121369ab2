"""What annotators do: take assignments, vote, skip, flag, undo. The page calls the same functions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from annotator import tasks
from annotator.campaigns.access import campaign_for_annotator
from annotator.choices import MemberKind, Role, Scope
from annotator.errors import NotAllowed
from annotator.judging import assigning, undo, voting
from annotator.lib.public_ids import ASSIGNMENTS
from annotator.models import Assignment, Campaign, Member, Vote
from api.serializers.assignments import AssignmentSerializer, ChoiceBody, ChoicesBody, FlagBody, OutcomeSerializer
from api.serializers.base import NoBody
from api.serializers.questions import QuestionSerializer
from api.serializers.votes import AnswerSerializer, CastAnswerSerializer, CastVoteSerializer, OwnVoteSerializer
from api.views.base import View, user_of, valid_body, whole_number

COUNT_LIMIT = 10
ONE_OR_LIST = PolymorphicProxySerializer(
    component_name="AssignmentOrList",
    serializers=[AssignmentSerializer, AssignmentSerializer(many=True)],
    resource_type_field_name=None,
    many=False,
)
CHOICE_OR_CHOICES = PolymorphicProxySerializer(
    component_name="VoteBody", serializers=[ChoiceBody, ChoicesBody], resource_type_field_name=None
)
VOTE_OR_ANSWER = PolymorphicProxySerializer(
    component_name="VoteOrAnswer", serializers=[CastVoteSerializer, CastAnswerSerializer], resource_type_field_name=None
)


class AssignmentList(View):
    scopes = {"POST": [Scope.ANNOTATE]}

    @extend_schema(
        operation_id="next_assignments",
        request=None,
        parameters=[
            OpenApiParameter(
                "count",
                {"type": "integer", "minimum": 1, "maximum": COUNT_LIMIT},
                description="Return a list of up to this many assignments instead of a single one.",
            )
        ],
        responses={200: ONE_OR_LIST, 204: None},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Get your oldest open assignment. It stays the same until you answer, skip or flag it, or until it expires.

        The response is 204 when no pair is left for you. When you reach a limit of the campaign, it is 403 with the code
        `limit_per_day`, `limit_total` or `limit_share`.
        """
        campaign, member = campaign_for_annotator(user_of(request), slug)
        valid_body(NoBody, request)
        count = whole_number(request, "count", low=1, high=COUNT_LIMIT)
        assignments = assigning.next_assignments(member=member, count=count or 1)
        if not assignments:
            return Response(status=status.HTTP_204_NO_CONTENT)
        ask_for_more(assignments, member, count or 1)
        shown = shown_assignments(assignments, campaign, request)
        return Response(shown[0] if count is None else shown)


class VoteCast(View):
    scopes = {"POST": [Scope.ANNOTATE]}

    @extend_schema(
        operation_id="vote",
        request=CHOICE_OR_CHOICES,
        parameters=[
            OpenApiParameter(
                "next",
                {"type": "integer", "minimum": 1, "maximum": COUNT_LIMIT},
                description="Return up to this many of your next assignments with the vote, so that you need not ask for them.",
            )
        ],
        responses={200: VOTE_OR_ANSWER, 201: VOTE_OR_ANSWER},
    )
    def post(self, request: Request, assignment_id: int) -> Response:
        """Answer an assignment. Repeating the same answer returns 200 with the same vote. A different choice returns 409.

        With `next`, the response has your next assignments as well: none if there are none, or a limit is reached.
        """
        user = user_of(request)
        is_several = isinstance(request.data, dict) and "choices" in request.data
        body = valid_body(ChoicesBody if is_several else ChoiceBody, request)
        count = whole_number(request, "next", low=1, high=COUNT_LIMIT)
        choices = body["choices"] if is_several else {"": body["choice"]}
        cast = voting.cast_vote(
            assignment_id=assignment_id,
            by=user,
            choices=choices,
            elapsed_ms=body.get("elapsed_ms"),
            comment=body["comment"],
            conditions=body.get("conditions"),
        )
        following = None if count is None else next_after(cast.assignment.member, count, request)
        shown = shown_vote([vote.pk for vote in cast.votes], is_several=is_several, following=following)
        return Response(shown, status=status.HTTP_201_CREATED if cast.is_new else status.HTTP_200_OK)


def shown_vote(votes: Iterable[int], *, is_several: bool, following: list[dict[str, Any]] | None) -> dict[str, Any]:
    """The votes of one answer, and what comes next where somebody asked for it."""
    cast = list(
        Vote.objects.filter(pk__in=votes)
        .select_related("question", "assignment__member", "assignment__guideline")
        .order_by("question__position")
    )
    assignment = cast[0].assignment
    context = {"knows_ids": assignment.member.role != Role.ANNOTATOR or assignment.member.kind == MemberKind.MACHINE}
    if is_several:
        answer = {"assignment": ASSIGNMENTS.show(assignment.pk), "votes": cast}
        shown: dict[str, Any] = AnswerSerializer(answer, context=context).data
    else:
        shown = OwnVoteSerializer(cast[0], context=context).data
    return shown if following is None else {**shown, "next": following}


def next_after(member: Member, count: int, request: HttpRequest | Request) -> list[dict[str, Any]]:
    """The next assignments after a vote. The vote counts whether or not there are any."""
    try:
        assignments = assigning.next_assignments(member=member, count=count)
    except NotAllowed:
        return []
    ask_for_more(assignments, member, count)
    return shown_assignments(assignments, member.campaign, request)


def ask_for_more(assignments: list[Assignment], member: Member, wanted: int) -> None:
    """Let a worker fill the queue where it runs low."""
    if assignments and assigning.runs_low(assignments[0].queue_length, wanted=wanted):
        tasks.enqueue(tasks.refill_queue, member.pk)


def shown_assignments(assignments: list[Assignment], campaign: Campaign, request: HttpRequest | Request) -> list[dict[str, Any]]:
    questions = QuestionSerializer(campaign.questions.order_by("position"), many=True).data
    return list(AssignmentSerializer(assignments, many=True, context={"request": request, "questions": questions}).data)


class Skip(View):
    scopes = {"POST": [Scope.ANNOTATE]}

    @extend_schema(operation_id="skip", request=None, responses=OutcomeSerializer)
    def post(self, request: Request, assignment_id: int) -> Response:
        """Skip a pair. Another annotator gets it, and you do not see it again."""
        user = user_of(request)
        valid_body(NoBody, request)
        assignment = voting.skip_assignment(assignment_id=assignment_id, by=user)
        return Response(OutcomeSerializer(assignment).data)


class FlagPair(View):
    scopes = {"POST": [Scope.ANNOTATE]}

    @extend_schema(operation_id="flag", request=FlagBody, responses=OutcomeSerializer)
    def post(self, request: Request, assignment_id: int) -> Response:
        """Report a problem with a pair instead of judging it. You do not see it again. A pair with enough flags is held."""
        user = user_of(request)
        body = valid_body(FlagBody, request)
        assignment = voting.flag_assignment(assignment_id=assignment_id, by=user, reason=body["reason"], note=body["note"])
        return Response(OutcomeSerializer(assignment).data)


class Undo(View):
    scopes = {"POST": [Scope.ANNOTATE]}

    @extend_schema(operation_id="undo", request=None, responses=OutcomeSerializer)
    def post(self, request: Request, assignment_id: int) -> Response:
        """Undo your answer, skip or flag. The assignment is open again.

        The campaign's `undo_votes` and `undo_minutes` limit how many of the latest things you did you can undo, and for how long.
        Beyond these limits, or when a pair that you skipped or flagged went to somebody else, the response is 403 with the code
        `undo_refused`.
        """
        user = user_of(request)
        valid_body(NoBody, request)
        assignment = undo.undo_act(assignment_id=assignment_id, by=user)
        return Response(OutcomeSerializer(assignment).data)
