"""Logging in and out, the campaigns a member sees, the guideline, and the pages that say no."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from annotator.choices import CampaignState, MemberState, Role
from annotator.models import Guideline, Member
from tests.factories import CampaignFactory, GuidelineFactory, MemberFactory, UserFactory

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"


# --- log in, log out


def test_a_user_logs_in_and_comes_to_their_campaigns(client):
    user = UserFactory()

    response = client.post(reverse("login"), {"username": user.username, "password": PASSWORD})

    assert response.url == reverse("campaigns")
    assert client.get(response.url).status_code == 200


def test_logging_in_leads_to_the_page_that_was_asked_for(client):
    member = MemberFactory()
    page = reverse("annotate", args=[member.campaign.slug])
    log_in = client.get(page).url

    response = client.post(log_in, {"username": member.user.username, "password": PASSWORD, "next": page})

    assert response.url == page


def test_logging_in_never_leads_to_another_site(client):
    user = UserFactory()

    response = client.post(
        reverse("login"), {"username": user.username, "password": PASSWORD, "next": "https://elsewhere.example/"}
    )

    assert response.url == reverse("campaigns")


@pytest.mark.parametrize("changes", [{"password": "wrong"}, {"username": "nobody"}, {"username": "", "password": ""}])
def test_wrong_names_and_passwords_are_refused_alike(client, changes):
    user = UserFactory()

    response = client.post(reverse("login"), {"username": user.username, "password": PASSWORD} | changes)

    assert response.status_code == 200
    assert "_auth_user_id" not in client.session


def test_an_account_that_is_switched_off_cannot_log_in(client):
    user = UserFactory(is_active=False)

    client.post(reverse("login"), {"username": user.username, "password": PASSWORD})

    assert "_auth_user_id" not in client.session


def test_the_session_ends_with_a_post_and_not_with_a_link(client):
    client.force_login(UserFactory())

    assert client.get(reverse("logout")).status_code == 405
    assert client.post(reverse("logout")).url == reverse("login")
    assert client.get(reverse("campaigns")).status_code == 302


@pytest.mark.parametrize("page", ["https://elsewhere.example/c/x/", "//elsewhere.example/", "javascript:alert(1)", ""])
def test_an_ended_session_never_leads_to_another_site(client, page):
    response = client.post(reverse("skip", args=[1]), headers={"Referer": page})

    assert response.url == f"{reverse('login')}?next="


@pytest.mark.parametrize("name", ["campaigns", "login"])
def test_every_page_forbids_code_and_styles_that_are_not_its_own(client, name):
    client.force_login(UserFactory())

    response = client.get(reverse(name), follow=True)

    policy = response.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    html = response.content.decode()
    assert " style=" not in html
    assert "<script>" not in html
    assert " onclick=" not in html


# --- the list of campaigns


@pytest.fixture
def member() -> Member:
    return MemberFactory(campaign__name="Colours and counts")


@pytest.fixture
def browser(client: Client, member: Member) -> Client:
    client.force_login(member.user)
    return client


def test_it_lists_my_campaigns_and_no_others(browser):
    CampaignFactory(name="Somebody else's")

    html = browser.get(reverse("campaigns")).content.decode()

    assert "Colours and counts" in html
    assert "Start judging" in html
    assert "Somebody else" not in html


def test_it_shows_progress_and_goes_on_where_i_was(browser, member):
    member.campaign.progress.votes_live, member.campaign.progress.votes_wanted = 12, 90
    member.campaign.progress.save()
    Member.objects.update(answered_count=1)

    html = browser.get(reverse("campaigns")).content.decode()

    assert "About 10% complete" in html  # exact counts would tell gold
    assert "you judged 1 pair" in html
    assert "Continue judging" in html


@pytest.mark.parametrize("state", [CampaignState.DRAFT, CampaignState.PAUSED, CampaignState.CLOSED])
def test_there_is_nothing_to_judge_unless_the_campaign_is_open(browser, member, state):
    member.campaign.state = state
    member.campaign.save()

    html = browser.get(reverse("campaigns")).content.decode()

    assert state.label in html
    assert reverse("annotate", args=[member.campaign.slug]) not in html


def test_a_campaign_with_all_its_votes_says_so_and_asks_for_none(browser, member):
    member.campaign.progress.votes_live = member.campaign.progress.votes_wanted = 90
    member.campaign.progress.save()

    html = browser.get(reverse("campaigns")).content.decode()

    assert "complete, thank you" in html
    assert reverse("annotate", args=[member.campaign.slug]) not in html


def test_only_those_who_may_make_campaigns_are_offered_to(browser, member):
    assert "New campaign" not in browser.get(reverse("campaigns")).content.decode()
    member.user.user_permissions.add(Permission.objects.get(codename="add_campaign"))
    assert "New campaign" in browser.get(reverse("campaigns")).content.decode()


def test_a_manager_finds_the_campaign_page(browser, member):
    page = reverse("campaign_page", args=[member.campaign.slug])
    assert page not in browser.get(reverse("campaigns")).content.decode()
    Member.objects.update(role=Role.MANAGER)
    assert page in browser.get(reverse("campaigns")).content.decode()


def test_a_member_who_is_paused_is_told_so(browser):
    Member.objects.update(state=MemberState.PAUSED)

    html = browser.get(reverse("campaigns")).content.decode()

    assert "You: paused" in html
    assert "Start judging" not in html


def test_a_member_who_withdrew_sees_the_campaign_no_more(browser):
    Member.objects.update(state=MemberState.WITHDRAWN)

    assert "You are not in a campaign yet" in browser.get(reverse("campaigns")).content.decode()


def test_campaigns_with_work_come_first(browser, member):
    closed = MemberFactory(user=member.user, campaign__state=CampaignState.CLOSED, campaign__name="Over and done").campaign

    html = browser.get(reverse("campaigns")).content.decode()

    assert closed.created_at > member.campaign.created_at
    assert html.index("Colours and counts") < html.index("Over and done")


def test_only_staff_see_the_way_to_the_administration(browser, member):
    assert reverse("admin:index") not in browser.get(reverse("campaigns")).content.decode()
    member.user.is_staff = True
    member.user.save()
    assert reverse("admin:index") in browser.get(reverse("campaigns")).content.decode()


def test_a_superuser_sees_all_campaigns(client):
    CampaignFactory(name="Somebody else's")
    client.force_login(UserFactory(is_superuser=True))

    assert "Somebody else" in client.get(reverse("campaigns")).content.decode()


def test_the_list_takes_as_many_queries_for_ten_campaigns_as_for_one(browser, member, django_assert_num_queries):
    with django_assert_num_queries(4):  # the user, the list, and two for their rights
        browser.get(reverse("campaigns"))
    for _ in range(9):
        MemberFactory(user=member.user, role=Role.MANAGER)
    with django_assert_num_queries(4):
        browser.get(reverse("campaigns"))


# --- the guideline


@pytest.fixture
def guideline(member: Member) -> Guideline:
    return GuidelineFactory(campaign=member.campaign)


def guideline_page(member: Member) -> str:
    return reverse("guideline", args=[member.campaign.slug])


def test_the_guideline_is_shown_with_its_version_and_a_button_to_accept_it(browser, member, guideline):
    html = browser.get(guideline_page(member)).content.decode()

    assert "<em>whole</em>" in html
    assert "version 1" in html
    assert "I have read it" in html


def test_accepting_it_leads_to_the_pairs(browser, member, guideline):
    response = browser.post(guideline_page(member), {"version": "1"})

    assert response.url == reverse("annotate", args=[member.campaign.slug])
    member.refresh_from_db()
    assert member.guideline_accepted == guideline
    assert "You accepted this version" in browser.get(guideline_page(member)).content.decode()


@pytest.mark.parametrize("version", ["1", "", "3", "two"])
def test_only_the_version_in_force_can_be_accepted(browser, member, guideline, version):
    GuidelineFactory(campaign=member.campaign, version=2)

    response = browser.post(guideline_page(member), {"version": version})

    assert response.url == guideline_page(member)
    assert "A newer version was published" in browser.get(response.url).content.decode()
    member.refresh_from_db()
    assert member.guideline_accepted is None


def test_a_new_version_says_that_it_is_new(browser, member, guideline):
    browser.post(guideline_page(member), {"version": "1"})
    GuidelineFactory(campaign=member.campaign, version=2, text="Now with more care.")

    html = browser.get(guideline_page(member)).content.decode()

    assert "Changes since version 1, which you accepted" in html
    assert "Now with more care." in html


def test_a_draft_is_not_shown(browser, member, guideline):
    GuidelineFactory(campaign=member.campaign, version=2, text="Half a thought", published_at=None)

    assert "Half a thought" not in browser.get(guideline_page(member)).content.decode()


def test_a_campaign_without_a_guideline_has_no_such_page(browser, member):
    assert browser.get(guideline_page(member)).status_code == 404


def test_the_guideline_is_for_members(client, member, guideline):
    client.force_login(UserFactory())

    assert client.get(guideline_page(member)).status_code == 404
    assert client.post(guideline_page(member), {"version": "1"}).status_code == 404


def test_a_member_who_is_suspended_cannot_accept_it(browser, member, guideline):
    Member.objects.update(state=MemberState.SUSPENDED)

    response = browser.post(guideline_page(member), {"version": "1"})

    assert response.status_code == 403
    assert b"Your membership in this campaign is suspended" in response.content


def test_the_guideline_takes_no_other_method(browser, member, guideline):
    assert browser.delete(guideline_page(member)).status_code == 405


# --- the rest


def test_the_health_check_needs_nobody_and_no_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get("/healthz")

    assert (response.status_code, response.content) == (200, b"ok")


def test_the_health_check_is_not_sent_to_https(client, settings):
    settings.SECURE_SSL_REDIRECT = True

    assert client.get("/healthz").status_code == 200
    assert client.get(reverse("login")).status_code == 301


def test_an_address_that_is_not_there_has_a_page(client):
    response = client.get("/nothing/here/")

    assert response.status_code == 404
    assert b"This page does not exist" in response.content


def test_an_error_of_ours_has_a_page(client, monkeypatch):
    client.raise_request_exception = False
    client.force_login(UserFactory())
    monkeypatch.setattr("annotator.views.annotate.campaign_list.render", lambda *arguments: 1 / 0)

    response = client.get(reverse("campaigns"))

    assert response.status_code == 500
    assert b"Something went wrong on our side" in response.content
