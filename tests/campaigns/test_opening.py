"""What a campaign lacks before it opens."""

from __future__ import annotations

import pytest

from annotator.campaigns import opening
from annotator.choices import CampaignState, MemberState, PairState, Role
from annotator.errors import Conflict
from annotator.models import Campaign, Member
from annotator.scoring.progress import roll_up
from tests.factories import CampaignFactory, GeneratorFactory, GuidelineFactory, InviteFactory, MemberFactory, PairFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def ready() -> Campaign:
    """A draft that lacks nothing and has nothing doubtful."""
    campaign = CampaignFactory(state=CampaignState.DRAFT, votes_wanted=3)
    Campaign.objects.filter(pk=campaign.pk).update(guideline=GuidelineFactory(campaign=campaign))
    MemberFactory(campaign=campaign, role=Role.MANAGER)
    MemberFactory(campaign=campaign)
    PairFactory.create_batch(opening.FEW_PAIRS, campaign=campaign)
    PairFactory(campaign=campaign, gold_choice="a")
    for name in ("flux", "sdxl"):
        GeneratorFactory(campaign=campaign, name=name)
    campaign.refresh_from_db()
    return campaign


def codes(campaign: Campaign) -> tuple[list[str], list[str]]:
    readiness = opening.readiness_of(campaign)
    return [found.code for found in readiness.missing], [found.code for found in readiness.doubtful]


def test_a_new_draft_lacks_nearly_everything():
    campaign = CampaignFactory(state=CampaignState.DRAFT, votes_wanted=1)
    MemberFactory(campaign=campaign, role=Role.MANAGER)

    assert codes(campaign) == (["no_pairs", "no_guideline", "no_annotators"], ["no_gold", "one_vote"])


def test_who_lacks_nothing_can_open(ready):
    roll_up(campaign=ready)

    assert codes(ready) == ([], [])
    assert opening.readiness_of(ready).votes == 3 * opening.FEW_PAIRS
    assert opening.open_campaign(campaign=ready, by=None).state == CampaignState.OPEN


@pytest.mark.parametrize(
    ("spoil", "missing"),
    [
        (lambda campaign: campaign.pairs.filter(gold_choice=None).update(state=PairState.HELD), "no_pairs"),
        (lambda campaign: Campaign.objects.update(guideline=None), "no_guideline"),
        (lambda campaign: Member.objects.filter(role=Role.ANNOTATOR).update(state=MemberState.SUSPENDED), "no_annotators"),
    ],
    ids=["every pair is held", "no guideline", "the annotator is suspended"],
)
def test_what_is_missing_prevents_it(ready, spoil, missing):
    spoil(ready)
    ready.refresh_from_db()

    assert codes(ready)[0] == [missing]
    with pytest.raises(Conflict) as error:
        opening.open_campaign(campaign=ready, by=None)
    assert error.value.code == "not_ready"
    ready.refresh_from_db()
    assert ready.state == CampaignState.DRAFT


def test_a_link_that_can_be_used_stands_for_the_people_who_will_come(ready):
    Member.objects.filter(role=Role.ANNOTATOR).update(state=MemberState.PAUSED)
    invite = InviteFactory(campaign=ready, uses_max=1)

    assert codes(ready)[0] == []
    type(invite).objects.update(uses=1)
    assert codes(ready)[0] == ["no_annotators"]


def test_few_pairs_of_one_generator_are_doubtful(ready):
    ready.pairs.filter(gold_choice=None).order_by("pk").first().delete()
    ready.generators.get(name="sdxl").delete()

    assert codes(ready) == ([], ["few_pairs", "one_generator"])
