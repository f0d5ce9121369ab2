"""What annotators may say of themselves: the manager's question, and their answers, which are theirs to change and to erase.

Answers are in no export and no release. They are only ever told of as numbers over many people (scoring/statistics/groups.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from annotator.errors import Invalid
from annotator.models import Campaign, GroupQuestion, Member, SelfDescription, User
from annotator.models.campaigns import GROUP_OPTION_LIMIT, GROUP_OPTIONS_LIMIT, GROUP_PEOPLE_LEAST
from annotator.scoring import statistics


def group_question_of(campaign: Campaign) -> GroupQuestion | None:
    """None where the campaign asks nobody, as a new one does."""
    return GroupQuestion.objects.filter(campaign=campaign).first()


@transaction.atomic
def ask_groups(*, campaign: Campaign, text: str, options: Sequence[str], people_min: int, by: User | None) -> GroupQuestion:
    """Ask annotators this from now on. Answers to another question, and by options that are gone, are erased.

    Raises Invalid, naming the fields.
    """
    options = [option.strip() for option in options if option.strip()]
    check_group_question(text=text, options=options, people_min=people_min)
    before = GroupQuestion.objects.select_for_update().filter(campaign=campaign).first()
    answers = SelfDescription.objects.filter(member__campaign=campaign)
    if before is not None and before.text == text:
        answers = answers.exclude(option__in=options)
    answers.delete()
    asked, _ = GroupQuestion.objects.update_or_create(
        campaign=campaign, defaults={"text": text, "options": options, "people_min": people_min}
    )
    statistics.outdate(campaign)
    return asked


def check_group_question(*, text: str, options: Sequence[str], people_min: int) -> None:
    """Raises Invalid unless there is a question, with some different answers, and groups that hide people."""
    errors: dict[str, list[str]] = {}
    if not text.strip():
        errors["text"] = ["Enter a question."]
    if not 2 <= len(options) <= GROUP_OPTIONS_LIMIT:
        errors["options"] = [f"Give 2 to {GROUP_OPTIONS_LIMIT} answers, one per line."]
    elif len(set(options)) < len(options):
        errors["options"] = ["Two answers are the same."]
    elif any(len(option) > GROUP_OPTION_LIMIT for option in options):
        errors["options"] = [f"Use at most {GROUP_OPTION_LIMIT} characters per answer."]
    if people_min < GROUP_PEOPLE_LEAST:
        errors["people_min"] = [f"Use {GROUP_PEOPLE_LEAST} or more. In smaller groups, a person could be identified."]
    if errors:
        raise Invalid("The question is not valid.", errors=errors)


@transaction.atomic
def stop_asking(*, campaign: Campaign, by: User | None) -> None:
    """Ask nobody any more, and erase what was answered."""
    SelfDescription.objects.filter(member__campaign=campaign).delete()
    GroupQuestion.objects.filter(campaign=campaign).delete()
    statistics.outdate(campaign)


@transaction.atomic
def describe(*, member: Member, option: str | None, now: datetime | None = None) -> None:
    """Record how a member describes themselves, or (None) that they would rather not: then nothing is kept.

    Raises Invalid for what is no option, and where nothing is asked.
    """
    asked = GroupQuestion.objects.select_for_update().filter(campaign=member.campaign_id).first()
    if option is None:
        SelfDescription.objects.filter(member=member).delete()
    elif asked is None or option not in asked.options:
        raise Invalid("That is no answer to the question.", errors={"option": ["Choose one of the answers, or none."]})
    else:
        SelfDescription.objects.update_or_create(
            member=member, defaults={"option": option, "described_at": now or timezone.now()}
        )
    statistics.outdate(member.campaign)
