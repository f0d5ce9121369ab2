"""What the card says of a campaign, read from the campaign itself."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime

import pytest

from annotator.models import Campaign, Image
from annotator.releasing.card.facts import CROWD_RULES, Facts
from annotator.releasing.dataset.snapshot import snapshot_of
from annotator.releasing.stage import count_all
from tests.factories import MemberFactory, ModerationActionFactory, ReviewRuleFactory
from tests.released import card_of, make_pair, release_of, vote, vote_all

# What is released has to be committed: it is read on a connection of its own.
pytestmark = pytest.mark.django_db(transaction=True)


def test_the_card_says_by_which_rules_people_were_reviewed_and_what_came_of_it(campaign):
    suspended = vote(make_pair(campaign), "a").assignment.member
    rule = ReviewRuleFactory(campaign=campaign)
    figures = {"threshold": 0.5, "minimum": 6}
    ModerationActionFactory(member=suspended, kind="suspend", rule=rule, figures=figures, rule_version=3, test_version=1)
    ModerationActionFactory(member=suspended, kind="lift")
    card = card_of(release_of(campaign))
    assert f"- {rule.get_outcome_display()}: {rule.get_measure_display().lower()}, threshold {rule.threshold:g}" in card
    assert "Actions taken: reinstated 1 (1 person, 0 by a rule), suspended 1 (1 person, 1 by a rule)." in card
    its = "gold accuracy, threshold 0.5, at least 6 answers (rule version 3, test version 1)"
    assert f"- Suspended: {its}: 1 person, of 1 action 1 automatic" in card


def facts_of_now(campaign: Campaign) -> Facts:
    with snapshot_of(campaign) as snapshot:
        facts, *_ = count_all(snapshot)
    return facts


def test_pairs_votes_and_labels_are_counted(campaign, judged):
    facts = facts_of_now(campaign)
    assert (facts.pairs, facts.gold_pairs, facts.prompts) == (8, 1, 8)
    assert facts.generators == ["bad-model", "good-model"]
    assert facts.overlap == {"0": 2, "1": 1, "2": 2, "3": 3}
    assert facts.labels == {"overall": {"a": 2, "b": 1, "both_good": 1, "both_bad": 1, "tie": 1}}
    assert sum(facts.votes_by_annotator) == 14
    assert facts.votes_by_annotator == sorted(facts.votes_by_annotator, reverse=True)
    assert [row["generator"] for row in facts.leaderboard] == ["bad-model", "good-model"]  # of 9 votes, 5


def test_the_days_are_those_of_the_first_and_the_last_vote_that_count(campaign):
    pair = make_pair(campaign)
    for day in (3, 1, 2):
        vote(pair, "a", created_at=datetime(2026, 1, day, 23, 59, tzinfo=UTC))
    vote(pair, "a", created_at=datetime(2026, 1, 9, tzinfo=UTC), assignment__kind="repeat")
    facts = facts_of_now(campaign)
    assert (facts.first_vote, facts.last_vote) == ("2026-01-01", "2026-01-03")


def test_machines_and_pairs_without_generators_are_counted_apart(campaign):
    pair = make_pair(campaign)
    vote(pair, "a", member=MemberFactory(campaign=campaign, kind="machine"))
    Image.objects.filter(pk=pair.image_a_id).update(generator=None)
    facts = facts_of_now(campaign)
    assert (facts.machines, facts.votes_by_annotator) == ({"members": 1, "votes": 1}, [])
    assert (facts.without_generators, facts.generators) == (1, ["bad-model"])
    assert "two different generators" in facts.no_leaderboard


def test_pairs_out_of_circulation_with_a_winner_are_counted(campaign):
    vote_all(make_pair(campaign, 0, state="held"), "aa")
    vote_all(make_pair(campaign, 1, state="held"), "ab")
    vote_all(make_pair(campaign, 2), "bb")
    assert facts_of_now(campaign).held_with_winner == 1


def test_what_a_crowd_platform_pays_for_is_no_fact(campaign):
    Campaign.objects.filter(pk=campaign.pk).update(completion_code="C0FFEE42")
    facts = facts_of_now(campaign)
    assert not CROWD_RULES & facts.rules.keys()
    assert facts.rules["votes_wanted"] == campaign.votes_wanted
    assert "C0FFEE42" not in json.dumps(dataclasses.asdict(facts))


def test_facts_come_back_as_they_were_saved(facts):
    assert Facts.load(json.loads(json.dumps(dataclasses.asdict(facts)))) == facts


def test_a_campaign_of_nothing_has_facts(campaign):
    facts = facts_of_now(campaign)
    assert (facts.pairs, facts.first_vote, facts.overlap) == (0, "", {})
    assert facts.primary == "overall"
