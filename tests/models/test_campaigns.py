"""Campaigns, their questions and texts: what the database refuses, and who sees which."""

from __future__ import annotations

import pytest
from django.utils import timezone

from annotator.choices import Choice
from annotator.models import (
    Campaign,
)
from tests import factories as make
from tests.models.constraint_cases import Attempts, assert_refused, change, check_at_once

pytestmark = pytest.mark.django_db

ATTEMPTS = Attempts(
    {
        "campaign_state_known": lambda: change(make.CampaignFactory(), state="running"),
        "campaign_archived_is_closed": lambda: change(make.CampaignFactory(), archived_at=timezone.now()),
        "campaign_slug_form": lambda: change(make.CampaignFactory(), slug="No Slug"),
        "question_choices_known_with_a_and_b": lambda: change(make.QuestionFactory(), choices=["a", "left"]),
        "guideline_version_from_one": lambda: make.GuidelineFactory(version=0),
        "guideline_published_is_fixed": lambda: change(make.GuidelineFactory(), text="Something else."),
        "group_question_people_min_protects": lambda: make.GroupQuestionFactory(people_min=2),
        "group_question_has_options": lambda: make.GroupQuestionFactory(options=["only one"]),
        "consent_text_version_from_one": lambda: make.ConsentTextFactory(version=0),
        "consent_text_is_fixed": lambda: change(make.ConsentTextFactory(), text="Something else."),
        "progress_settled_within_total": lambda: change(make.CampaignFactory().progress, pairs_settled=1),
        "campaign_guideline_is_its_own": lambda: check_at_once(
            lambda: change(make.CampaignFactory(), guideline=make.GuidelineFactory(published_at=None))
        ),
    }
)


@ATTEMPTS.refused_by("question_slug_unique_in_campaign")
def _() -> None:
    make.QuestionFactory(campaign=make.CampaignFactory(), slug="overall", position=1)


@ATTEMPTS.refused_by("question_position_unique_in_campaign")
def _() -> None:
    make.QuestionFactory(campaign=make.CampaignFactory(), slug="taste", position=0)


@ATTEMPTS.refused_by("guideline_version_unique_in_campaign")
def _() -> None:
    make.GuidelineFactory(campaign=make.GuidelineFactory().campaign)


@ATTEMPTS.refused_by("consent_text_version_unique_in_campaign")
def _() -> None:
    make.ConsentTextFactory(campaign=make.ConsentTextFactory().campaign)


@pytest.mark.parametrize("name", sorted(ATTEMPTS))
def test_the_database_refuses(name: str) -> None:
    assert_refused(name, ATTEMPTS[name])


def test_a_published_guideline_is_fixed_and_a_draft_is_not() -> None:
    draft = make.GuidelineFactory(published_at=None)
    change(draft, text="Better.", published_at=timezone.now())
    assert_refused("guideline_published_is_fixed", lambda: change(draft, text="Better still."))


def test_users_see_the_campaigns_they_are_members_of_and_a_superuser_sees_all() -> None:
    member, other = make.MemberFactory(), make.CampaignFactory()
    assert list(Campaign.objects.visible_to(member.user)) == [member.campaign]
    assert set(Campaign.objects.visible_to(make.UserFactory(is_superuser=True))) == {member.campaign, other}


def test_the_first_question_is_primary() -> None:
    campaign = make.CampaignFactory()
    second = make.QuestionFactory(campaign=campaign, slug="taste", position=1)
    assert campaign.questions.get(position=0).is_primary
    assert not second.is_primary
    assert second.choices == Choice.values
