"""`manage.py score_campaign`, as it is typed."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from annotator.models import Consensus
from annotator.scoring.consensus_writer import campaigns_to_score
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


def test_it_counts_the_votes_of_all_campaigns_that_came_in_while_the_triggers_were_off():
    pairs = [PairFactory(campaign__slug=slug) for slug in ("scenes", "faces")]
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for pair in pairs:
            vote_all(pair, "aab")
        cursor.execute("SET session_replication_role = DEFAULT")
    assert not campaigns_to_score()

    output = StringIO()
    call_command("score_campaign", "--all", stdout=output)

    assert Consensus.objects.filter(n_a=2, n_b=1).count() == 2
    assert [line for line in output.getvalue().splitlines() if "have a consensus" in line] == [
        "scenes: 1 of 1 pairs have a consensus.",
        "faces: 1 of 1 pairs have a consensus.",
    ]


def test_it_asks_which_campaign():
    with pytest.raises(CommandError, match="required"):
        call_command("score_campaign")


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
