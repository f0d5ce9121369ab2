"""The question by which annotators may describe themselves, and their answers."""

from __future__ import annotations

import pytest

from annotator.campaigns.demographics import ask_groups, check_group_question, describe, group_question_of, stop_asking
from annotator.errors import Invalid
from annotator.models import SelfDescription
from annotator.models.campaigns import GROUP_OPTION_LIMIT, GROUP_OPTIONS_LIMIT, GROUP_PEOPLE_LEAST
from tests.factories import CampaignFactory, GroupQuestionFactory, MemberFactory, SelfDescriptionFactory

QUESTION = {"text": "How often?", "options": ["never", "often"], "people_min": GROUP_PEOPLE_LEAST}


@pytest.mark.parametrize(
    "changes",
    [{}, {"options": ["x" * GROUP_OPTION_LIMIT, "y"]}, {"options": [str(n) for n in range(GROUP_OPTIONS_LIMIT)]}],
)
def test_a_question_at_the_limits_is_asked(changes):
    check_group_question(**QUESTION | changes)


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"text": " \n"}, {"text"}),
        ({"options": ["never"]}, {"options"}),
        ({"options": ["x" * (GROUP_OPTION_LIMIT + 1), "y"]}, {"options"}),
        ({"options": [str(n) for n in range(GROUP_OPTIONS_LIMIT + 1)]}, {"options"}),
        ({"options": ["never", "often", "never"]}, {"options"}),
        ({"people_min": GROUP_PEOPLE_LEAST - 1}, {"people_min"}),
        ({"text": "", "options": [], "people_min": 0}, {"text", "options", "people_min"}),
    ],
)
def test_every_field_of_a_question_that_cannot_be_asked_is_named(changes, fields):
    with pytest.raises(Invalid) as error:
        check_group_question(**QUESTION | changes)

    assert set(error.value.errors) == fields


@pytest.mark.django_db
def test_options_are_trimmed_before_they_are_checked():
    campaign = CampaignFactory()

    ask_groups(campaign=campaign, text="How often?", options=["  never ", "", "often", " "], people_min=5, by=None)

    asked = group_question_of(campaign)
    assert asked is not None
    assert asked.options == ["never", "often"]
    with pytest.raises(Invalid) as error:
        ask_groups(campaign=campaign, text="How often?", options=["never", " never "], people_min=5, by=None)
    assert set(error.value.errors) == {"options"}


@pytest.mark.django_db
def test_answers_survive_new_options_and_fewer_people_but_no_refused_change():
    kept = SelfDescriptionFactory(option="never")
    campaign = GroupQuestionFactory(campaign=kept.member.campaign, text="How often?").campaign
    gone = SelfDescriptionFactory(member__campaign=campaign, option="often")
    elsewhere = SelfDescriptionFactory(option="often")

    with pytest.raises(Invalid):
        ask_groups(campaign=campaign, text="Another question?", options=["one"], people_min=5, by=None)
    assert SelfDescription.objects.count() == 3

    ask_groups(campaign=campaign, text="How often?", options=["never", "daily"], people_min=3, by=None)
    assert set(SelfDescription.objects.all()) == {kept, elsewhere}
    assert not SelfDescription.objects.filter(pk=gone.pk).exists()


@pytest.mark.django_db
def test_an_answer_replaces_the_one_before_and_none_erases_it():
    member = MemberFactory()
    GroupQuestionFactory(campaign=member.campaign)
    for option in ("never", "often"):
        describe(member=member, option=option)
    assert SelfDescription.objects.get().option == "often"

    describe(member=member, option=None)
    assert not SelfDescription.objects.exists()


@pytest.mark.django_db
def test_nothing_is_answered_where_nothing_is_asked_but_an_answer_can_still_be_erased():
    answer = SelfDescriptionFactory()
    member = answer.member

    with pytest.raises(Invalid) as error:
        describe(member=member, option="never")
    assert set(error.value.errors) == {"option"}
    describe(member=member, option=None)
    assert not SelfDescription.objects.exists()


@pytest.mark.django_db
def test_stopping_leaves_other_campaigns_alone():
    question = GroupQuestionFactory()
    other = SelfDescriptionFactory(member__campaign=GroupQuestionFactory().campaign)
    SelfDescriptionFactory(member__campaign=question.campaign)

    stop_asking(campaign=question.campaign, by=None)

    assert group_question_of(question.campaign) is None
    assert group_question_of(other.member.campaign) is not None
    assert SelfDescription.objects.get() == other
