"""Managers and staff with a second factor only, where the operator wants it."""

from __future__ import annotations

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.urls import reverse

from annotator.accounts.api_tokens import create_token
from annotator.choices import Role, Scope
from tests.factories import MemberFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(settings):
    settings.REQUIRE_MFA_FOR_MANAGERS = True
    return MemberFactory(role=Role.MANAGER)


def pages(member) -> list[str]:
    return [reverse("campaign_page", args=[member.campaign.slug]), "/api/v1/campaigns/", "/admin/"]


def test_a_manager_without_a_second_factor_is_sent_to_set_one_up(client, manager):
    client.force_login(manager.user)
    page, api, admin = pages(manager)

    assert client.get(page).url == client.get(admin).url == reverse("mfa_index")
    assert "need two-factor authentication" in client.get(page, follow=True).content.decode()
    assert (client.get(api).status_code, client.get(api).json()["code"]) == (403, "mfa_required")
    assert client.get(api, headers={"Authorization": "Basic x"}).status_code == 403
    assert client.get(reverse("annotate", args=[manager.campaign.slug])).status_code == 200


def test_with_one_or_where_nobody_asks_everything_is_open(client, manager, settings):
    client.force_login(manager.user)
    TOTP.activate(manager.user, "JBSWY3DPEHPK3PXP")
    assert [client.get(path).status_code for path in pages(manager)[:2]] == [200, 200]

    manager.user.authenticator_set.all().delete()
    settings.REQUIRE_MFA_FOR_MANAGERS = False
    assert [client.get(path).status_code for path in pages(manager)[:2]] == [200, 200]


def test_staff_need_one_and_annotators_and_tokens_do_not(client, manager):
    client.force_login(UserFactory(is_staff=True))
    assert client.get("/admin/").url == reverse("mfa_index")
    client.force_login(MemberFactory(campaign=manager.campaign).user)
    assert client.get("/api/v1/campaigns/").status_code == 200
    client.logout()
    _, key = create_token(user=manager.user, scopes=[Scope.MANAGE])
    assert client.get("/api/v1/campaigns/", headers={"Authorization": f"Bearer {key}"}).status_code == 200
    assert client.get("/manage/new/").url.startswith(reverse("login"))
