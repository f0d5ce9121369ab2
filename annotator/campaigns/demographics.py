"""The demographic question of a campaign, and the answers, which annotators can change and delete.

Answers are in no export and no release. They are shown only as counts over many people (scoring/statistics/groups.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from annotator.errors import Invalid
from annotator.lib import audit
from annotator.models import Campaign, GroupQuestion, Member, SelfDescription, User
from annotator.models.audit import AuditAction
from annotator.models.campaigns import GROUP_OPTION_LIMIT, GROUP_OPTIONS_LIMIT, GROUP_PEOPLE_LEAST
from annotator.scoring import statistics


def group_question_of(campaign: Campaign) -> GroupQuestion | None:
    """The question, or None if the campaign asks none. A new campaign asks none."""
    return GroupQuestion.objects.filter(campaign=campaign).first()


@transaction.atomic
def ask_groups(*, campaign: Campaign, text: str, options: Sequence[str], people_min: int, by: User | None) -> GroupQuestion:
    """Set the demographic question. Answers to an earlier question, or with a removed option, are deleted.

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
    audit.record(AuditAction.GROUPS_CHANGED, by=by, campaign=campaign, changes={"text": (before.text if before else None, text)})
    return asked


def check_group_question(*, text: str, options: Sequence[str], people_min: int) -> None:
    """Raises Invalid unless there is a question with different answers and a safe minimum group size."""
    errors: dict[str, list[str]] = {}
    if not text.strip():
        errors["text"] = [gettext("Enter a question.")]
    if not 2 <= len(options) <= GROUP_OPTIONS_LIMIT:
        errors["options"] = [
            gettext("Enter 2 to %(group_options_limit)s answers, one per line.") % {"group_options_limit": GROUP_OPTIONS_LIMIT}
        ]
    elif len(set(options)) < len(options):
        errors["options"] = [gettext("Each answer must be different.")]
    elif any(len(option) > GROUP_OPTION_LIMIT for option in options):
        errors["options"] = [
            gettext("Use at most %(group_option_limit)s characters per answer.") % {"group_option_limit": GROUP_OPTION_LIMIT}
        ]
    if people_min < GROUP_PEOPLE_LEAST:
        errors["people_min"] = [
            gettext("Use %(group_people_least)s or more. In smaller groups, a person could be identified.")
            % {"group_people_least": GROUP_PEOPLE_LEAST}
        ]
    if errors:
        raise Invalid(gettext("The question is not valid."), errors=errors)


@transaction.atomic
def stop_asking(*, campaign: Campaign, by: User | None) -> None:
    """Remove the demographic question and delete its answers."""
    SelfDescription.objects.filter(member__campaign=campaign).delete()
    asked, _ = GroupQuestion.objects.filter(campaign=campaign).delete()
    if asked:
        audit.record(AuditAction.GROUPS_CHANGED, by=by, campaign=campaign, target="removed")
    statistics.outdate(campaign)


@transaction.atomic
def describe(*, member: Member, option: str | None, now: datetime | None = None) -> None:
    """Save a member's answer. None deletes it.

    Raises Invalid if the option does not exist or the campaign asks no question.
    """
    asked = GroupQuestion.objects.select_for_update().filter(campaign=member.campaign_id).first()
    if option is None:
        SelfDescription.objects.filter(member=member).delete()
    elif asked is None or option not in asked.options:
        raise Invalid(
            gettext("This answer does not exist."),
            errors={"option": [gettext("Choose one of the answers, or leave the question open.")]},
        )
    else:
        SelfDescription.objects.update_or_create(
            member=member, defaults={"option": option, "described_at": now or timezone.now()}
        )
    statistics.outdate(member.campaign)
