"""Whether a member may judge pairs, and has to be trained first."""

from __future__ import annotations

import pytest
from django.utils import timezone

from annotator.choices import CampaignState, MemberState, PairState
from annotator.errors import NotAllowed
from annotator.judging.eligibility import obstacle, require_eligible, training_is_due, training_pairs
from tests.factories import CampaignFactory, MemberFactory, PairFactory

pytestmark = pytest.mark.django_db


OBSTACLES = [
    (MemberState.ACTIVE, CampaignState.OPEN, None),
    *((MemberState.ACTIVE, state, f"campaign_{state}") for state in CampaignState if state != CampaignState.OPEN),
    *((state, CampaignState.OPEN, f"member_{state}") for state in MemberState if state != MemberState.ACTIVE),
    (MemberState.PAUSED, CampaignState.CLOSED, "member_paused"),
]


@pytest.mark.parametrize(("state", "campaign_state", "code"), OBSTACLES)
def test_an_active_member_judges_in_an_open_campaign(state, campaign_state, code):
    member = MemberFactory(state=state, campaign__state=campaign_state)

    assert obstacle(member) == code
    if code is None:
        require_eligible(member)
        return
    with pytest.raises(NotAllowed) as error:
        require_eligible(member)
    assert error.value.code == code
    assert error.value.detail


@pytest.mark.parametrize(("state", "campaign_state", "code"), OBSTACLES)
def test_what_was_assigned_before_a_pause_may_still_be_answered(state, campaign_state, code):
    member = MemberFactory(state=state, campaign__state=campaign_state)
    if code in (None, "campaign_paused"):
        require_eligible(member, to_answer=True)
        return
    with pytest.raises(NotAllowed) as error:
        require_eligible(member, to_answer=True)
    assert error.value.code == code


def test_training_pairs_are_gold_of_that_use_that_counts():
    campaign = CampaignFactory()
    training = {"campaign": campaign, "gold_choice": "a", "gold_use": "training"}
    wanted = PairFactory.create_batch(2, **training)
    PairFactory(**training, state=PairState.HELD)
    PairFactory(**training, gold_in_review_since=timezone.now())
    PairFactory(**training | {"gold_use": "check"})
    PairFactory(**training | {"gold_choice": None})
    PairFactory(**training | {"campaign": CampaignFactory()})

    assert set(training_pairs(campaign)) == set(wanted)


@pytest.mark.parametrize(
    ("rules", "changes", "pairs", "is_due"),
    [
        ({"training_pairs": 4}, {}, 1, True),
        ({"training_pairs": 4}, {}, 0, False),  # nobody is kept out where there is nothing to train with
        ({"training_pairs": 0}, {}, 1, False),
        ({"training_pairs": 4}, {"training_passed_at": timezone.now()}, 1, False),
        ({"training_pairs": 4}, {"training_failed_at": timezone.now()}, 1, True),
        ({"training_pairs": 4}, {"role": "reviewer"}, 1, False),
        ({"training_pairs": 4}, {"role": "manager"}, 1, False),
        ({"training_pairs": 4}, {"kind": "machine"}, 1, False),
    ],
)
def test_a_human_annotator_is_trained_once_where_there_are_pairs_for_it(rules, changes, pairs, is_due):
    member = MemberFactory(campaign=CampaignFactory(**rules), **changes)
    PairFactory.create_batch(pairs, campaign=member.campaign, gold_choice="a", gold_use="training")

    assert training_is_due(member) is is_due


def test_a_campaign_without_training_costs_no_query(django_assert_num_queries):
    member = MemberFactory()

    with django_assert_num_queries(0):
        assert not training_is_due(member)
