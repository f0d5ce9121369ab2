"""A campaign's votes, pairs and people, as columns of codes."""

from __future__ import annotations

import pytest
from django.utils import timezone

from annotator.consensus.majority import NO_LABEL
from annotator.lib.arrow import snapshot
from annotator.models import Campaign, Vote
from annotator.scoring.statistics.load import CHOICES, NONE, REGULAR, REPEAT, A, B, CampaignData, empty, load_campaign_data
from tests.factories import CampaignFactory, GroupQuestionFactory, MemberFactory, QuestionFactory, SelfDescriptionFactory
from tests.released import vote, vote_all
from tests.scoring.statistics.by_hand import pair_of, people, statistics

pytestmark = pytest.mark.django_db(transaction=True)  # what is read through Arrow is what is committed


def test_only_live_regular_votes_of_people_are_counted(campaign):
    pair = pair_of(campaign)
    anna, bert = people(campaign, 2)
    vote(pair, "a", member=anna)
    for kind in ("gold", "repeat", "training"):
        vote(pair, "b", member=bert, assignment__kind=kind)
    vote(pair, "b", member=MemberFactory(campaign=campaign, kind="machine"))
    vote(pair, "b", member=MemberFactory(campaign=campaign, state="withdrawn"))
    void = vote(pair, "b", member=MemberFactory(campaign=campaign))
    Vote.objects.filter(pk=void.pk).update(void_reason="undone", voided_at=timezone.now())
    result = statistics(campaign)
    assert result["votes_counted"] == 1
    assert [row["annotator"] for row in result["annotators"]] == [anna.public_id]


def load(campaign: Campaign) -> CampaignData:
    with snapshot() as database:
        return load_campaign_data(database, campaign.pk)


def test_votes_point_at_pairs_members_and_questions(campaign):
    beauty = QuestionFactory(campaign=campaign, slug="beauty", position=1)
    pair_of(campaign)
    pair, member = pair_of(campaign, gold_choice="b", image_distance=4), people(campaign, 1)[0]
    vote(pair, "both_good", member=member, elapsed_ms=None, assignment__a_on_left=False)
    vote(pair, "b", member=member, question=beauty, assignment__kind="repeat")
    data = load(campaign)
    assert data.questions == [("overall", CHOICES), ("beauty", CHOICES)]
    assert data.pairs.id[data.votes.pair].tolist() == [pair.pk, pair.pk]
    assert [data.members[place] for place in data.votes.member] == [member.public_id] * 2
    assert data.votes.question.tolist() == [0, 1]
    assert [CHOICES[code] for code in data.votes.choice] == ["both_good", "b"]
    assert data.votes.kind.tolist() == [REGULAR, REPEAT]
    assert data.votes.a_on_left.tolist() == [False, True]
    assert data.votes.elapsed_ms.tolist() == [NONE, 2500]
    assert data.pairs.gold.tolist() == [NONE, B]
    assert data.pairs.distance.tolist() == [NONE, 4]
    assert [data.generators[code] for code in data.pairs.generator_a] == ["ours", "ours"]


def test_counted_votes_come_first_and_make_the_labels(campaign):
    one, other = pair_of(campaign), pair_of(campaign)
    vote(one, "b", assignment__kind="repeat")
    vote(one, "b", member=MemberFactory(campaign=campaign, kind="machine"))
    vote_all(one, "aab")
    data = load(campaign)
    assert data.is_counted(0).tolist() == [True, True, True, False, False]
    assert data.counted.choice.tolist().count(A) == 2
    assert data.primary_counts.tolist() == [[2, 1, 0, 0], [0, 0, 0, 0]]
    assert data.label.tolist() == [A, NO_LABEL]
    assert data.pairs.id.tolist() == [one.pk, other.pk]


def test_an_option_that_is_none_any_more_was_never_said(campaign):
    GroupQuestionFactory(campaign=campaign, options=["never", "often"], people_min=4)
    for option in ("often", "sometimes"):
        SelfDescriptionFactory(member=people(campaign, 1)[0], option=option)
    people(campaign, 1)
    data = load(campaign)
    assert data.group_of.tolist() == [1, NONE, NONE]
    assert (data.group_options, data.group_people_min) == (["never", "often"], 4)


def test_an_empty_campaign_is_as_one_of_which_nothing_was_read(campaign):
    data = load(CampaignFactory(question=None))
    for part in ("votes", "pairs"):
        assert all(len(column) == 0 for column in vars(getattr(data, part)).values())
        assert vars(getattr(data, part)).keys() == vars(getattr(empty(), part)).keys()
    assert (data.questions, data.members, data.counts) == ([], [], [])
    assert data.primary_counts.shape == empty().primary_counts.shape == (0, len(CHOICES))
