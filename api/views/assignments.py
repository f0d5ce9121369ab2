"""What annotators do: take assignments, vote, skip, flag, undo. The page does the same through the same verbs."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from annotator import tasks
from annotator.campaigns.access import campaign_for_annotator
from annotator.choices import Scope
from annotator.errors import NotFound
from annotator.judging import assigning, voting
from annotator.models import Question, Vote
from api.serializers.assignments import AssignmentSerializer, ChoiceBody, ChoicesBody, FlagBody, OutcomeSerializer
from api.serializers.base import NoBody
from api.serializers.questions import QuestionSerializer
from api.serializers.votes import AnswerSerializer, OwnVoteSerializer
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
    component_name="VoteOrAnswer", serializers=[OwnVoteSerializer, AnswerSerializer], resource_type_field_name=None
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
                description="Ask for a list of the next few, instead of the one that is next.",
            )
        ],
        responses={200: ONE_OR_LIST, 204: None},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Your oldest open assignment: the same one until it is answered, skipped, flagged or expired. 204 when nothing is left.

        Once you have given as many votes as the campaign lets one person give, this is a 403 whose code says which limit it
        was: `limit_per_day`, `limit_total` or `limit_share`.
        """
        campaign, member = campaign_for_annotator(user_of(request), slug)
        valid_body(NoBody, request)
        count = whole_number(request, "count", low=1, high=COUNT_LIMIT)
        assignments = assigning.next_assignments(member=member, count=count or 1)
        if not assignments:
            return Response(status=status.HTTP_204_NO_CONTENT)
        if assignments[0].queue_length <= assigning.QUEUE_LOW:
            tasks.enqueue(tasks.refill_queue, member.pk)
        questions = QuestionSerializer(campaign.questions.order_by("position"), many=True).data
        shown = AssignmentSerializer(assignments, many=True, context={"request": request, "questions": questions}).data
        return Response(shown[0] if count is None else shown)


class VoteCast(View):
    scopes = {"POST": [Scope.ANNOTATE]}

    @extend_schema(operation_id="vote", request=CHOICE_OR_CHOICES, responses={200: VOTE_OR_ANSWER, 201: VOTE_OR_ANSWER})
    def post(self, request: Request, assignment_id: int) -> Response:
        """Answer an assignment. The same again is 200 with the same vote; another choice is a 409."""
        user = user_of(request)
        is_several = isinstance(request.data, dict) and "choices" in request.data
        body = valid_body(ChoicesBody if is_several else ChoiceBody, request)
        choices = body["choices"] if is_several else {primary_question(assignment_id): body["choice"]}
        cast = voting.cast_vote(
            assignment_id=assignment_id,
            by=user,
            choices=choices,
            elapsed_ms=body.get("elapsed_ms"),
            comment=body["comment"],
        )
        votes = (
            Vote.objects.filter(pk__in=[vote.pk for vote in cast.votes])
            .select_related("question", "assignment__member", "assignment__guideline")
            .order_by("question__position")
        )
        if is_several:
            shown: Any = AnswerSerializer({"assignment": assignment_id, "votes": votes}).data
        else:
            shown = OwnVoteSerializer(votes[0]).data
        return Response(shown, status=status.HTTP_201_CREATED if cast.is_new else status.HTTP_200_OK)


class Skip(View):
    scopes = {"POST": [Scope.ANNOTATE]}

    @extend_schema(operation_id="skip", request=None, responses=OutcomeSerializer)
    def post(self, request: Request, assignment_id: int) -> Response:
        """Pass on a pair: it goes to somebody else and never comes back to you."""
        user = user_of(request)
        valid_body(NoBody, request)
        assignment = voting.skip_assignment(assignment_id=assignment_id, by=user)
        return Response(OutcomeSerializer(assignment).data)


class FlagPair(View):
    scopes = {"POST": [Scope.ANNOTATE]}

    @extend_schema(operation_id="flag", request=FlagBody, responses=OutcomeSerializer)
    def post(self, request: Request, assignment_id: int) -> Response:
        """Report a pair instead of judging it: it never comes back to you, and enough flags take it out of circulation."""
        user = user_of(request)
        body = valid_body(FlagBody, request)
        assignment = voting.flag_assignment(assignment_id=assignment_id, by=user, reason=body["reason"], note=body["note"])
        return Response(OutcomeSerializer(assignment).data)


class Undo(View):
    scopes = {"POST": [Scope.ANNOTATE]}

    @extend_schema(operation_id="undo", request=None, responses=OutcomeSerializer)
    def post(self, request: Request, assignment_id: int) -> Response:
        """Take back your answer: the assignment is open again and waits for another.

        Only your last answers, and not for long: the campaign's `undo_votes` and `undo_minutes` say how many and how long.
        Any other is a 403 with the code `undo_refused`.
        """
        user = user_of(request)
        valid_body(NoBody, request)
        assignment = voting.undo_vote(assignment_id=assignment_id, by=user)
        return Response(OutcomeSerializer(assignment).data)


def primary_question(assignment_id: int) -> str:
    """The slug of the question that a bare `choice` answers. Raises NotFound. Whose assignment it is, the verb checks."""
    question = Question.objects.filter(campaign__members__assignments=assignment_id).order_by("position").first()
    if question is None:
        raise NotFound("There is no such assignment of yours.")
    return question.slug
