"""`manage.py check_counters`, as it is typed."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.factories import MemberFactory, PairFactory
from tests.judges import assert_seats_are_true, judge_all

pytestmark = pytest.mark.django_db


def said(*arguments: str) -> list[str]:
    output = StringIO()
    call_command("check_counters", *arguments, stdout=output)
    return output.getvalue().splitlines()


def test_it_repairs_one_campaign_or_all():
    members = [MemberFactory(campaign__slug=slug) for slug in ("faces", "scenes")]
    for member in members:
        PairFactory.create_batch(2, campaign=member.campaign)
        judge_all(member)
        member.campaign.pairs.update(seats_taken=0, seats_a_on_left=0)

    assert said("faces") == ["faces: 2 counters repaired."]
    assert said("--all") == ["faces: all counters are right.", "scenes: 2 counters repaired."]
    for member in members:
        assert_seats_are_true(member.campaign)


def test_an_unknown_campaign_is_an_error():
    with pytest.raises(CommandError, match="There is no campaign 'nowhere'"):
        said("nowhere")
