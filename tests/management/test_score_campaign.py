"""`manage.py score_campaign`, as it is typed."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from annotator.models import Consensus
from tests.factories import CampaignFactory, PairFactory, QuestionFactory
from tests.released import vote_all

pytestmark = pytest.mark.django_db


def test_it_scores_and_counts_the_labels_of_each_question():
    campaign = CampaignFactory(slug="scenes")
    QuestionFactory(campaign=campaign, slug="beauty", text="Which is prettier?", position=1)
    for choices in ("aab", "bb", "b", "ab", ""):
        vote_all(PairFactory(campaign=campaign), choices)
    output = StringIO()
    call_command("score_campaign", "scenes", stdout=output)
    lines = [" ".join(line.split()) for line in output.getvalue().splitlines()]
    assert lines[0] == "scenes: 4 of 5 pairs have a consensus."
    assert lines[1] == "Which image is better overall? (overall)"
    counts = ["a 1 A is better", "b 2 B is better", "both_good 0 Both good", "both_bad 0 Both bad", "tie 1 Tie"]
    assert lines[2:8] == ["Majority", *counts]
    assert lines[8] == "Which is prettier? (beauty)"
    assert Consensus.objects.count() == 4


def test_it_refuses_a_campaign_that_does_not_exist():
    with pytest.raises(CommandError, match="There is no campaign 'nothing'"):
        call_command("score_campaign", "nothing")


def test_it_prints_both_methods_where_the_campaign_uses_another():
    campaign = CampaignFactory(slug="scenes", consensus_method="dawid_skene")
    vote_all(PairFactory(campaign=campaign), "aab")
    output = StringIO()
    call_command("score_campaign", "scenes", stdout=output)
    lines = [line.strip() for line in output.getvalue().splitlines()]
    assert [line for line in lines if line in ("Majority", "Dawid–Skene")] == ["Majority", "Dawid–Skene"]
