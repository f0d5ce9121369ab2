"""The list of somebody's campaigns, and a campaign's guideline."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from annotator.campaigns import guidelines
from annotator.campaigns.consent import publish_consent_text
from annotator.choices import CampaignState, MemberState, Role
from annotator.models import CampaignProgress, Member
from annotator.views.annotate.campaign_list import Entry, news_for, roughly
from tests.factories import CampaignFactory, MemberFactory, UserFactory


@pytest.mark.parametrize(
    ("count", "rough"), [(0, 0), (7, 7), (42, 42), (99, 99), (101, 100), (1234, 1200), (1299, 1200), (98_765, 98_000)]
)
def test_only_two_digits_of_a_count_are_told(count, rough):
    assert roughly(count) == rough


def entry(*, progress: dict | None = None, campaign: dict | None = None, **member: object) -> Entry:
    made = MemberFactory(campaign=CampaignFactory(**campaign or {}), **member)
    CampaignProgress.objects.update(**progress or {})
    return Entry(Member.objects.select_related("campaign__progress").get(pk=made.pk))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("campaign", "answered", "left"),
    [
        ({}, 10, 70),  # pairs that were not judged yet
        ({"limit_total": 30}, 10, 20),
        ({"limit_share": 0.05}, 10, 5),  # of the 300 votes that are wanted
        ({"limit_total": 30, "limit_share": 0.05}, 10, 5),
        ({"limit_total": 10}, 12, 0),
    ],
)
def test_what_is_left_follows_the_tightest_bound(campaign, answered, left):
    counts = {"pairs_total": 90, "pairs_held": 10, "votes_wanted": 300, "votes_live": 100}

    assert entry(progress=counts, campaign=campaign, answered_count=answered).left == left


@pytest.mark.django_db
def test_no_more_is_left_than_votes_are_wanted():
    assert entry(progress={"pairs_total": 90, "votes_wanted": 300, "votes_live": 292}).left == 8


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("state", "member", "live", "can_judge", "can_manage"),
    [
        (CampaignState.OPEN, {}, 5, True, False),
        (CampaignState.OPEN, {}, 10, False, False),  # all votes are there
        (CampaignState.PAUSED, {}, 5, False, False),
        (CampaignState.OPEN, {"state": MemberState.PAUSED}, 5, False, False),
        (CampaignState.DRAFT, {"role": Role.MANAGER}, 0, False, True),
        (CampaignState.OPEN, {"role": Role.MANAGER, "state": MemberState.SUSPENDED}, 5, False, False),
    ],
)
def test_what_somebody_can_do_depends_on_them_and_the_campaign(state, member, live, can_judge, can_manage):
    shown = entry(campaign={"state": state}, progress={"votes_wanted": 10, "votes_live": live}, **member)

    assert (shown.can_judge, shown.can_manage) == (can_judge, can_manage)


@pytest.mark.django_db
def test_only_a_manager_sees_the_exact_share():
    counts = {"votes_wanted": 1000, "votes_live": 537}

    assert entry(progress=counts, role=Role.MANAGER).percent == 54
    assert entry(progress=counts).percent != 54


@pytest.mark.django_db
def test_the_newest_of_the_open_campaigns_comes_first(client: Client):
    user = UserFactory()
    for slug, state in [("a", "closed"), ("b", "open"), ("c", "draft"), ("d", "paused"), ("e", "open")]:
        MemberFactory(user=user, campaign=CampaignFactory(slug=slug, state=state))
    client.force_login(user)

    shown = client.get(reverse("campaigns")).context

    assert [entry.member.campaign.slug for entry in shown["entries"]] == ["e", "b", "d", "c", "a"]
    assert list(shown["others"]) == []


@pytest.mark.django_db
def test_consent_comes_before_the_guideline(client: Client):
    member = MemberFactory()
    guidelines.publish_guideline(campaign=member.campaign, text="Text.", by=None)
    publish_consent_text(campaign=member.campaign, text="One.", by=None)
    client.force_login(member.user)
    page = reverse("guideline", args=[member.campaign.slug])

    for response in (client.get(page), client.post(page, {"version": 1})):
        assert response.url == reverse("consent", args=[member.campaign.slug])
    member.refresh_from_db()
    assert member.guideline_accepted is None


@pytest.mark.django_db
def test_news_are_what_changed_since_the_version_that_was_accepted():
    member = MemberFactory()

    def publish(text: str, note: str):
        return guidelines.publish_guideline(campaign=member.campaign, text=text, by=None, change_note=note)

    first = publish("One.", "")
    assert news_for(member, first) == {}
    guidelines.accept_guideline(member=member, guideline=first)
    assert news_for(member, first) == {}
    publish("Two.", "Second.")
    third = publish("Three.", "Third.")

    news = news_for(member, third)
    assert news["notes"] == ["Second.", "Third."]
    assert news["changes"]
