"""Which campaigns a command is for."""

from __future__ import annotations

import argparse

import pytest
from django.core.management import CommandError

from annotator.management.campaign_choice import add_campaign_or_all, campaign_named, chosen_campaigns
from tests.factories import CampaignFactory


@pytest.fixture
def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_campaign_or_all(parser, all_help="every campaign")
    return parser


@pytest.mark.django_db
def test_one_is_named_or_all_are_meant(parser):
    birds, bees = CampaignFactory(slug="birds"), CampaignFactory(slug="bees")

    assert chosen_campaigns(vars(parser.parse_args(["bees"]))) == [bees]
    assert chosen_campaigns(vars(parser.parse_args(["--all"]))) == [birds, bees]
    with pytest.raises(CommandError, match="There is no campaign 'wasps'"):
        campaign_named("wasps")


@pytest.mark.parametrize("typed", [[], ["birds", "--all"]])
def test_neither_and_both_are_refused(parser, typed, capsys):
    with pytest.raises((argparse.ArgumentError, SystemExit)):
        parser.parse_args(typed)
