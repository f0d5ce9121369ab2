"""A campaign is created, opened, paused and closed, and its rules change as one."""

from __future__ import annotations

import pytest

from annotator.campaigns import lifecycle
from annotator.campaigns.questions import NewQuestion
from annotator.choices import CampaignState, Role
from annotator.errors import Conflict, Invalid
from annotator.models import Campaign, Guideline, Member, Question
from tests.factories import (
    CampaignFactory,
    ConsentTextFactory,
    CrowdIdentityFactory,
    CrowdUserFactory,
    ImportFactory,
    InviteFactory,
    MemberFactory,
    PairFactory,
    ReleaseFactory,
    UserFactory,
    VoteFactory,
    WebhookFactory,
)

pytestmark = pytest.mark.django_db


def test_a_new_campaign_is_a_draft_that_is_ready_to_be_filled():
    creator = UserFactory()

    campaign = lifecycle.create_campaign(slug="birds", name="Birds", by=creator, guideline="Judge the whole image.")

    assert (campaign.state, campaign.created_by) == (CampaignState.DRAFT, creator)
    assert list(campaign.questions.values_list("slug", "position")) == [("overall", 0)]
    assert list(campaign.guidelines.values_list("version", "text")) == [(1, "Judge the whole image.")]
    assert campaign.progress.pairs_total == 0
    member = Member.objects.get()
    assert (member.campaign, member.user, member.role) == (campaign, creator, Role.MANAGER)


@pytest.mark.parametrize("slug", ["new", "birds.git", "birds.dpo", "Birds", "", "x" * 97, "taken"])
def test_a_slug_that_cannot_be_names_its_field_and_creates_nothing(slug):
    taken = CampaignFactory(slug="taken")

    with pytest.raises(Invalid) as error:
        lifecycle.create_campaign(slug=slug, name="Birds", by=UserFactory())

    assert set(error.value.errors) == {"slug"}
    assert Campaign.objects.get() == taken


def test_a_refused_question_or_guideline_leaves_no_campaign_behind():
    with pytest.raises(Invalid):
        lifecycle.create_campaign(slug="birds", name="Birds", by=None, questions=[NewQuestion("Not a slug", "Which?")])
    with pytest.raises(Invalid):
        lifecycle.create_campaign(slug="birds", name="Birds", by=None, guideline=" ")

    assert not Campaign.objects.exists()
    assert not Question.objects.exists()


def test_a_fixed_overlap_stays_fixed_and_an_adaptive_one_keeps_its_maximum():
    fixed, adaptive = CampaignFactory(votes_wanted=3), CampaignFactory(votes_wanted=3, votes_max=7)

    fixed = lifecycle.change_campaign(campaign=fixed, by=None, rules={"votes_wanted": 5})
    adaptive = lifecycle.change_campaign(campaign=adaptive, by=None, rules={"votes_wanted": 5})

    assert (fixed.votes_wanted, fixed.votes_max) == (5, 5)
    assert (adaptive.votes_wanted, adaptive.votes_max) == (5, 7)
    with pytest.raises(Invalid) as error:
        lifecycle.change_campaign(campaign=adaptive, by=None, rules={"votes_wanted": 8})
    assert set(error.value.errors) == {"votes_max"}


def test_a_change_is_made_whole_or_not_at_all():
    campaign = CampaignFactory(name="Birds", description="All of them.", state=CampaignState.CLOSED)

    with pytest.raises(Conflict) as error:
        lifecycle.change_campaign(campaign=campaign, by=None, name="Cats", state="paused", rules={"votes_wanted": 9})
    assert error.value.code == "state_change_refused"
    campaign.refresh_from_db()
    assert (campaign.name, campaign.state, campaign.votes_wanted) == ("Birds", CampaignState.CLOSED, 3)

    lifecycle.change_campaign(campaign=campaign, by=None, name="Cats", state="open")
    campaign.refresh_from_db()
    assert (campaign.name, campaign.description, campaign.state) == ("Cats", "All of them.", CampaignState.OPEN)


def test_the_same_state_is_no_change_and_an_unknown_one_is_invalid():
    for state in CampaignState.values:
        campaign = CampaignFactory(state=state)
        assert lifecycle.change_state(campaign=campaign, state=state, by=None).state == state
        with pytest.raises(Invalid) as error:
            lifecycle.change_state(campaign=campaign, state="over", by=None)
        assert set(error.value.errors) == {"state"}


def test_the_state_in_the_database_counts_and_not_the_one_in_hand():
    campaign = CampaignFactory(state=CampaignState.DRAFT)
    Campaign.objects.update(state=CampaignState.CLOSED)

    with pytest.raises(Conflict):
        lifecycle.change_state(campaign=campaign, state=CampaignState.PAUSED, by=None)


@pytest.mark.parametrize("state", [CampaignState.OPEN, CampaignState.PAUSED, CampaignState.CLOSED])
def test_a_campaign_becomes_a_draft_again_until_its_first_vote(state):
    campaign = CampaignFactory(state=state)

    assert CampaignState.DRAFT in lifecycle.states_after(campaign)
    assert lifecycle.change_state(campaign=campaign, state="draft", by=None).state == CampaignState.DRAFT

    Campaign.objects.update(state=state)
    VoteFactory(assignment__member__campaign=campaign)
    assert CampaignState.DRAFT not in lifecycle.states_after(campaign)
    with pytest.raises(Conflict):
        lifecycle.change_state(campaign=campaign, state="draft", by=None)


def test_only_a_closed_campaign_is_archived_and_an_archived_one_stays_closed():
    campaign = CampaignFactory(state=CampaignState.PAUSED)
    with pytest.raises(Conflict):
        lifecycle.archive_campaign(campaign=campaign, by=None)
    campaign = lifecycle.change_state(campaign=campaign, state="closed", by=None)

    archived = lifecycle.archive_campaign(campaign=campaign, by=None)

    assert archived.archived_at == lifecycle.archive_campaign(campaign=campaign, by=None).archived_at
    assert lifecycle.states_after(archived) == []
    with pytest.raises(Conflict):
        lifecycle.change_state(campaign=campaign, state="open", by=None)
    lifecycle.restore_campaign(campaign=campaign, by=None)
    assert lifecycle.change_state(campaign=campaign, state="open", by=None).state == CampaignState.OPEN


def test_an_empty_draft_goes_with_all_that_it_was_made_of():
    kept = CampaignFactory()
    draft = lifecycle.create_campaign(slug="birds", name="Birds", by=UserFactory(), guideline="Judge the whole image.")
    InviteFactory(campaign=draft)
    WebhookFactory(campaign=draft)
    ConsentTextFactory(campaign=draft)

    lifecycle.delete_draft(campaign=draft, by=None)

    assert list(Campaign.objects.all()) == [kept]
    assert not Guideline.objects.filter(campaign_id=draft.pk).exists()


def a_crowd_member(campaign: Campaign) -> None:
    CrowdIdentityFactory(member=MemberFactory(campaign=campaign, user=CrowdUserFactory()))


@pytest.mark.parametrize("fill", [PairFactory, ImportFactory, ReleaseFactory, a_crowd_member])
def test_a_draft_that_something_is_in_is_not_deleted(fill):
    draft = lifecycle.create_campaign(slug="birds", name="Birds", by=UserFactory())
    fill(campaign=draft)

    with pytest.raises(Conflict) as error:
        lifecycle.delete_draft(campaign=draft, by=None)

    assert error.value.code == "not_empty"
    assert Campaign.objects.get() == draft
