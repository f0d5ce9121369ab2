"""The numbers and charts of the campaign's page, from a statistics document."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from annotator.choices import Role
from annotator.models import Campaign, Member
from annotator.scoring.statistics import statistics_of
from annotator.views.manage.charts import Mark
from annotator.views.manage.overview_figures import charts_of, quality_stats, queue_stats, saving_stat
from tests.factories import MemberFactory
from tests.scoring.statistics.judged import judge_for_statistics

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def manager() -> Member:
    return MemberFactory(role=Role.MANAGER)


def test_a_campaign_with_votes_has_charts_and_quality_and_one_without_has_dashes(client: Client, manager: Member) -> None:
    campaign = manager.campaign
    assert charts_of(campaign, statistics_of(campaign), []) == []
    assert [stat.value for stat in quality_stats(campaign, statistics_of(campaign))] == ["–", "–", "–"]
    judge_for_statistics(campaign)
    document = statistics_of(campaign)

    charts = charts_of(campaign, document, [Mark(0.0, "much changed")])

    assert [chart.name for chart in charts] == ["votes-by-day", "votes-by-hour", "quality-by-day"]
    assert sum(charts[0].series[0].values) == document["votes_counted"] == 120  # type: ignore[arg-type]
    assert all("Of 120 votes that count" in chart.of for chart in charts)
    assert "–" not in [stat.value for stat in quality_stats(campaign, document)]
    client.force_login(manager.user)
    html = client.get(reverse("campaign_page", args=[campaign.slug])).content.decode()
    assert html.count("data-chart=") == html.count('<script id="chart-') == 3


def test_adaptive_overlap_says_what_it_saved(manager: Member) -> None:
    campaign = manager.campaign
    document = statistics_of(campaign)
    names = [stat.name for stat in queue_stats(campaign, campaign.progress, document, campaign.progress.updated_at)]
    assert names == ["waiting", "open", "counted"]
    document["overlap"] |= {"votes_wanted": 3, "votes_max": 7, "pairs_stopped_early": 20, "votes_spared": 80}
    document["stopping"] = {"votes_saved": {"value": 0.4, "lower": 0.31, "upper": 0.49}}

    stat = saving_stat(document)

    assert (stat.value, stat.note) == ("80", "on 20 pairs that stopped early · 40 % (31 % – 49 %) of votes, by the audit pairs")


def test_counters_that_are_old_ask_for_the_worker(manager: Member) -> None:
    campaign: Campaign = manager.campaign
    now = campaign.progress.updated_at.replace(year=campaign.progress.updated_at.year + 1)
    document = statistics_of(campaign)
    assert queue_stats(campaign, campaign.progress, document, now)[2].note == "Is the background worker running?"
