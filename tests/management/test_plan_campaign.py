"""`manage.py plan_campaign`."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.factories import CampaignFactory
from tests.scoring.statistics.judged import judge_for_statistics

pytestmark = pytest.mark.django_db(transaction=True)


def printed(*arguments: str) -> str:
    out = StringIO()
    call_command("plan_campaign", *arguments, stdout=out)
    return out.getvalue()


def test_it_prints_the_plan_and_how_many_more_votes() -> None:
    campaign = CampaignFactory(slug="scenes")
    judge_for_statistics(campaign)
    text = printed("scenes", "--target-width", "0.2", "--between", "Aurora", "Dune", "--price", "1")
    assert "120 votes on 40 pairs: score intervals of ±" in text
    assert "score intervals of ±0.2: " in text
    assert "more votes on new prompts" in text
    assert "to tell Aurora from Dune, with a chance of 80 %" in text


def test_it_says_what_it_cannot_plan() -> None:
    CampaignFactory(slug="empty")
    for arguments, complaint in [
        (["nowhere"], "no campaign 'nowhere'"),
        (["empty"], "State the number of generators"),
        (["empty", "--between", "a", "b"], "no scores of both a and b"),
    ]:
        with pytest.raises(CommandError, match=complaint):
            printed(*arguments)
