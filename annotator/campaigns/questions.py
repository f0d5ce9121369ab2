"""What a campaign asks about each pair."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext

from annotator.campaigns.validation import save_valid
from annotator.choices import CampaignState, Choice
from annotator.errors import Conflict, Invalid
from annotator.lib import audit
from annotator.models import Campaign, Question, User, Vote
from annotator.models.audit import AuditAction

QUESTIONS_LIMIT = 20
TEXT_LIMIT = 300  # characters


class NewQuestion(NamedTuple):
    """A question as somebody wants it asked. `slug` names it in votes and exports."""

    slug: str
    text: str
    choices: tuple[str, ...] = tuple(Choice.values)
    translations: Mapping[str, str] | None = None  # by language; None leaves those of a question that is there


DEFAULT_QUESTION = NewQuestion("overall", "Which image is better overall?")


@transaction.atomic
def set_questions(*, campaign: Campaign, questions: Sequence[NewQuestion], by: User | None) -> None:
    """Ask these questions, in this order; the first is primary: it decides seats and labels.

    Before the first vote all of it may change. Afterwards votes refer to the questions, and only their wording may. Raises
    Conflict (questions_fixed) then, and Invalid for questions that cannot be asked.
    """
    locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
    check_questions(campaign=locked, questions=questions)
    asked = list(locked.questions.order_by("position"))
    if _shape(asked) != _shape(questions):
        if locked.state != CampaignState.DRAFT:
            _wait_for_votes()
        if has_votes(locked):
            raise Conflict(
                gettext("After the first vote, only the wording of the questions can change, because votes refer to them."),
                code="questions_fixed",
            )
    wanted = {question.slug for question in questions}
    locked.questions.exclude(slug__in=wanted).delete()
    # Out of each other's way: two may not stand at the same place, not even for a moment.
    locked.questions.update(position=F("position") + QUESTIONS_LIMIT)
    _write_questions(locked, questions)
    before, after = ({question.slug: question.text for question in some} for some in (asked, questions))
    if before != after or _shape(asked) != _shape(questions):
        changes = audit.differences(before, after) | {slug: (before[slug], None) for slug in before.keys() - after.keys()}
        audit.record(AuditAction.QUESTIONS_CHANGED, by=by, campaign=locked, changes=changes)


def has_votes(campaign: Campaign) -> bool:
    """Whether anybody has ever answered. An answer has a vote on each question, so the index of the first one tells."""
    first = campaign.questions.filter(position=0).order_by().values("pk")[:1]
    return bool(Vote.objects.filter(question=first).order_by("question_id", "changed_in", "pk")[:1])


def _wait_for_votes() -> None:
    """Until the votes that are being written are there, and keep others from being written before this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE annotator_vote IN SHARE ROW EXCLUSIVE MODE")


def _shape(questions: Iterable[Question | NewQuestion]) -> list[tuple[str, set[str]]]:
    """What votes refer to."""
    return [(question.slug, set(question.choices)) for question in questions]


def _write_questions(campaign: Campaign, questions: Sequence[NewQuestion]) -> None:
    known = {question.slug: question for question in campaign.questions.all()}
    for position, wanted in enumerate(questions):
        question = known.get(wanted.slug) or Question(campaign=campaign, slug=wanted.slug)
        question.text, question.position = wanted.text, position
        question.choices = [choice for choice in Choice.values if choice in wanted.choices]
        if wanted.translations is not None:
            question.translations = dict(wanted.translations)
        save_valid(question)


def check_questions(*, campaign: Campaign, questions: Sequence[NewQuestion]) -> None:
    """Raises Invalid unless there is a question, each has a name of its own, and known answers stay possible."""
    slugs = [question.slug for question in questions]
    if not 1 <= len(slugs) <= QUESTIONS_LIMIT:
        raise Invalid(
            gettext("Use 1 to %(questions_limit)s questions.") % {"questions_limit": QUESTIONS_LIMIT},
            errors={"text": [gettext("Enter a question.")]},
        )
    if len(set(slugs)) < len(slugs):
        raise Invalid(
            gettext("Each question needs its own short name."),
            errors={"slug": [gettext("Two questions have the same short name.")]},
        )
    long = [code for question in questions for code, text in (question.translations or {}).items() if len(text) > TEXT_LIMIT]
    if long:
        raise Invalid(
            gettext("Some values are not valid."),
            errors={
                "translations": [gettext("Use at most %(limit)s characters (%(code)s).") % {"limit": TEXT_LIMIT, "code": long[0]}]
            },
        )
    gold = campaign.pairs.filter(gold_choice__isnull=False).exclude(gold_choice__in=questions[0].choices).first()
    if gold is not None:
        raise Invalid(
            gettext("Pair %(gold)s has the known answer %(gold_choice)s, which the first question would no longer allow.")
            % {"gold": gold.pk, "gold_choice": repr(gold.gold_choice)},
            errors={"choices": [gettext("A known answer uses a choice that is missing here.")]},
        )
