"""The pages of the audit log."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from annotator.campaigns import lifecycle
from annotator.choices import Role
from annotator.lib.audit import record
from annotator.models.audit import AuditAction
from annotator.views.manage.audit import AREAS, PER_PAGE
from tests.factories import CampaignFactory, MemberFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager():
    return MemberFactory(role=Role.MANAGER, user__username="mira")


@pytest.fixture
def browser(client: Client, manager) -> Client:
    client.force_login(manager.user)
    return client


def rows(page: str) -> list[str]:
    table = page.split("<tbody>")[-1].split("</tbody>")[0]
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in table.split("<tr>")[1:]]


def shown(browser: Client, campaign, **query) -> list[str]:
    response = browser.get(reverse("audit_log", args=[campaign.slug]), query)
    assert response.status_code == 200
    html = response.content.decode()
    return rows(html) if "<tbody>" in html else []


def test_it_shows_who_changed_what_and_from_what(browser, manager):
    campaign = manager.campaign
    lifecycle.change_campaign(campaign=campaign, by=manager.user, name="<Dusk>")
    record(AuditAction.GOLD_SET, by=None, campaign=CampaignFactory(), target="of another campaign")

    [row] = shown(browser, campaign)

    assert "mira Settings changed" in row
    assert row.endswith("→ &lt;Dusk&gt;")


def test_it_is_filtered_by_area_person_words_and_day(browser, manager):
    campaign, other = manager.campaign, UserFactory(username="nobuko")
    record(AuditAction.GOLD_SET, by=manager.user, campaign=campaign, target="pair 7")
    record(AuditAction.PAIRS_HELD, by=other, campaign=campaign, target="pair 8")
    record(AuditAction.MEMBER_SUSPEND, by=None, campaign=campaign, target="somebody")

    def found(**query: str) -> list[str]:
        return [re.search(r"pair \d|somebody", row)[0] for row in shown(browser, campaign, **query)]

    assert found() == ["somebody", "pair 8", "pair 7"]
    assert found(area="gold") == ["pair 7"]
    assert found(who="nobu") == ["pair 8"]
    assert found(who="diptych") == ["somebody"]
    assert found(words="pair", area="pairs") == ["pair 8"]
    assert found(since="2020-01-01") == ["somebody", "pair 8", "pair 7"]
    assert found(until="2020-01-01") == []
    assert browser.get(reverse("audit_log", args=[campaign.slug]), {"area": "nonsense"}).status_code == 400
    assert browser.get(reverse("audit_log", args=[campaign.slug]), {"before": "9" * 30}).status_code == 200


def test_a_long_log_comes_in_pages_of_the_same_cost(browser, manager, django_assert_max_num_queries):
    campaign = manager.campaign
    for number in range(PER_PAGE + 2):
        record(AuditAction.PAIRS_HELD, by=None, campaign=campaign, target=f"pair {number}")

    with django_assert_max_num_queries(6):
        html = browser.get(reverse("audit_log", args=[campaign.slug]), {"area": "pairs"}).content.decode()

    assert len(rows(html)) == PER_PAGE
    older = re.search(r'rel="next"\s+href="([^"]+)"', html)[1].replace("&amp;", "&")
    assert "area=pairs" in older
    assert len(rows(browser.get(reverse("audit_log", args=[campaign.slug]) + older).content.decode())) == 2


def test_the_whole_site_is_for_superusers(browser, client, manager):
    record(AuditAction.TOKEN_CREATED, by=manager.user, target="dpt_abc of mira")
    assert browser.get(reverse("site_audit")).status_code == 403
    client.force_login(UserFactory(is_superuser=True))
    assert "dpt_abc of mira" in client.get(reverse("site_audit")).content.decode()
    assert client.post(reverse("site_audit")).status_code == 405


def test_every_action_is_in_an_area():
    assert {action.partition(".")[0] for action in AuditAction.values} == set(AREAS)
