"""The site's own pages."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from annotator.choices import Role
from tests.factories import CampaignFactory, MemberFactory, UserFactory

pytestmark = pytest.mark.django_db

PAGES = ["site_health", "site_users", "site_campaigns", "site_audit"]


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(UserFactory(username="root", is_superuser=True, is_staff=True))
    return client


def test_they_are_for_superusers(client):
    others = [UserFactory(is_staff=True), MemberFactory(role=Role.MANAGER).user]
    for name in PAGES:
        client.logout()
        assert client.get(reverse(name)).status_code == 302
        for user in others:
            client.force_login(user)
            assert client.get(reverse(name)).status_code == 403
        client.force_login(UserFactory(is_superuser=True))
        assert client.get(reverse(name)).status_code == 200
        assert client.post(reverse(name)).status_code == 405


def test_health_says_what_keeps_up_and_what_is_left(admin):
    page = admin.get(reverse("site_health")).content.decode()

    for words in ("Database", "Workers and beat", "Waiting time in queues", "Disk", "Uploaded files", "free"):
        assert words in page


def test_users_are_found_deactivated_and_let_in_again(admin):
    member = MemberFactory(user__username="nobuko", user__email="nobuko@example.org")
    UserFactory(username="other")
    theirs = Client()
    theirs.force_login(member.user)

    page = admin.get(reverse("site_users"), {"q": "nobuko@"}).content.decode()
    assert "nobuko" in page
    assert "other" not in page
    answer = admin.post(reverse("user_active", args=[member.user.pk]), {"active": "no"}, follow=True).content.decode()
    assert "nobuko is deactivated and logged out." in answer
    assert theirs.get("/").status_code == 302
    admin.post(reverse("user_active", args=[member.user.pk]), {"active": "yes"})
    member.user.refresh_from_db()
    assert member.user.is_active


def test_nobody_locks_themselves_out(admin):
    own = admin.session["_auth_user_id"]
    answer = admin.post(reverse("user_active", args=[own]), {"active": "no"}, follow=True).content.decode()

    assert "You cannot deactivate your own account." in answer
    assert admin.post(reverse("user_active", args=[10**9]), {"active": "no"}).status_code == 404
    assert admin.get(reverse("user_active", args=[own])).status_code == 405


def test_deactivating_is_for_superusers(client):
    member = MemberFactory(role=Role.MANAGER)
    client.force_login(member.user)

    assert client.post(reverse("user_active", args=[MemberFactory().user.pk]), {"active": "no"}).status_code == 403


def test_all_campaigns_are_listed_with_their_counters(admin, django_assert_max_num_queries):
    assert "Create your first campaign" in admin.get(reverse("site_campaigns")).content.decode()
    CampaignFactory.create_batch(3, name="Dusk")
    CampaignFactory(name="Other")

    with django_assert_max_num_queries(6):
        page = admin.get(reverse("site_campaigns"), {"q": "dusk"}).content.decode()

    table = page.split("<tbody>")[1].split("</tbody>")[0]
    assert table.count(">Dusk<") == 3
    assert "Other" not in table
