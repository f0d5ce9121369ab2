"""The list of somebody's campaigns, and a campaign's guideline."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from annotator.campaigns import guidelines
from annotator.campaigns.consent import publish_consent_text
from annotator.choices import CampaignState, MemberState, Role
from annotator.judging import voting
from annotator.judging.assigning import next_assignments
from annotator.judging.pairs_left import PairsLeft
from annotator.models import CampaignProgress, Guideline, Member
from annotator.scoring.progress import roll_up
from annotator.views.annotate.campaign_list import Entry, entries_for, news_for, roughly
from tests.factories import CampaignFactory, GuidelineFactory, MemberFactory, PairFactory, UserFactory
from tests.views.annotate.pages import page_of, reason_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("count", "rough"), [(0, 0), (7, 7), (42, 42), (99, 99), (101, 100), (1234, 1200), (1299, 1200), (98_765, 98_000)]
)
def test_only_two_digits_of_a_count_are_told(count, rough):
    assert roughly(count) == rough


def entry(
    *, progress: dict | None = None, campaign: dict | None = None, pairs: PairsLeft | None = None, **member: object
) -> Entry:
    made = MemberFactory(campaign=CampaignFactory(**campaign or {}), **member)
    CampaignProgress.objects.update(**progress or {})
    found = Member.objects.select_related("campaign__progress").get(pk=made.pk)
    (shown,) = entries_for([found])
    return replace(shown, pairs=pairs) if pairs else shown


MANY = PairsLeft(member_id=0, queued=20, looked_at=300, fresh=4, bound=300)  # there may be more than these
ALL = PairsLeft(member_id=0, queued=3, looked_at=7, fresh=5, bound=300)


@pytest.mark.parametrize(
    ("campaign", "answered", "pairs", "left"),
    [
        ({}, 10, MANY, 70),  # pairs that were not judged yet, by the counters
        ({}, 70, MANY, 24),  # the counters know of 10, but these were found
        ({}, 10, ALL, 8),  # counted
        ({"limit_total": 30}, 10, MANY, 20),
        ({"limit_share": 0.05}, 10, MANY, 5),  # of the 300 votes that are wanted
        ({"limit_total": 30, "limit_share": 0.05}, 10, MANY, 5),
        ({"limit_total": 12}, 10, ALL, 2),
        ({"limit_total": 10}, 12, MANY, 0),
    ],
)
def test_what_is_left_follows_the_tightest_bound(campaign, answered, pairs, left):
    counts = {"pairs_total": 90, "pairs_held": 10, "votes_wanted": 300, "votes_live": 100}

    assert entry(progress=counts, campaign=campaign, answered_count=answered, pairs=pairs).left == left


def test_no_more_is_left_than_votes_are_wanted():
    counts = {"pairs_total": 900, "votes_wanted": 3000, "votes_live": 2970}

    assert entry(progress=counts, pairs=MANY).left == 30


@pytest.mark.parametrize(
    ("state", "member", "pairs", "can_judge", "can_manage"),
    [
        (CampaignState.OPEN, {}, 1, True, False),
        (CampaignState.OPEN, {}, 0, False, False),
        (CampaignState.PAUSED, {}, 1, False, False),
        (CampaignState.OPEN, {"state": MemberState.PAUSED}, 1, False, False),
        (CampaignState.DRAFT, {"role": Role.MANAGER}, 1, False, True),
        (CampaignState.OPEN, {"role": Role.MANAGER, "state": MemberState.SUSPENDED}, 1, False, False),
    ],
)
def test_what_somebody_can_do_depends_on_them_and_the_campaign(state, member, pairs, can_judge, can_manage):
    made = MemberFactory(campaign=CampaignFactory(state=state), **member)
    PairFactory.create_batch(pairs, campaign=made.campaign)
    (shown,) = entries_for([made])

    assert (shown.can_judge, shown.can_manage) == (can_judge, can_manage)


def test_only_a_manager_sees_the_exact_share():
    counts = {"votes_wanted": 1000, "votes_live": 537}

    assert entry(progress=counts, role=Role.MANAGER).percent == 54
    assert entry(progress=counts).percent != 54


def test_the_newest_of_the_open_campaigns_comes_first(client: Client):
    user = UserFactory()
    for slug, state in [("a", "closed"), ("b", "open"), ("c", "draft"), ("d", "paused"), ("e", "open")]:
        MemberFactory(user=user, campaign=CampaignFactory(slug=slug, state=state))
    client.force_login(user)

    shown = client.get(reverse("campaigns")).context

    assert [entry.member.campaign.slug for entry in shown["entries"]] == ["e", "b", "d", "c", "a"]
    assert list(shown["others"]) == []


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


# --- the list of campaigns


@pytest.fixture
def member() -> Member:
    member = MemberFactory(campaign__name="Colours and counts")
    PairFactory(campaign=member.campaign)
    return member


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

    assert str(state.label) in html
    assert reverse("annotate", args=[member.campaign.slug]) not in html


def test_where_nothing_is_left_the_list_says_what_the_page_says(browser, member):
    """Counters alone would promise something: votes are wanted, of pairs that this member has had."""
    PairFactory.create_batch(3, campaign=member.campaign, votes_wanted=3)
    while queue := next_assignments(member=member):
        if queue[0].pair_id % 2:
            voting.skip_assignment(assignment_id=queue[0].pk, by=member.user)
        else:
            voting.cast_vote(assignment_id=queue[0].pk, by=member.user, choices={"overall": "a"})
    roll_up(campaign=member.campaign)

    in_list, on_page = browser.get(reverse("campaigns")).content.decode(), browser.get(page_of(member)).content.decode()

    assert reason_of(in_list) == reason_of(on_page) == "seen_all"
    assert "left for you" not in in_list
    assert "Continue judging" not in in_list


def test_a_campaign_with_all_its_votes_says_so_and_asks_for_none(browser, member):
    (seat,) = next_assignments(member=member)
    voting.cast_vote(assignment_id=seat.pk, by=member.user, choices={"overall": "a"})
    for _ in range(seat.pair.votes_wanted - 1):
        other = MemberFactory(campaign=member.campaign)
        (seat,) = next_assignments(member=other)
        voting.cast_vote(assignment_id=seat.pk, by=other.user, choices={"overall": "a"})
    roll_up(campaign=member.campaign)

    html = browser.get(reverse("campaigns")).content.decode()

    assert reason_of(html) == "finished"
    assert f'href="{page_of(member)}"' not in html


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
    browser.get(reverse("campaigns"))  # puts off the end of the session, once
    with django_assert_num_queries(6):  # the user, the list, what is left, two for their rights, and one for the archive
        browser.get(reverse("campaigns"))
    for _ in range(9):
        MemberFactory(user=member.user, role=Role.MANAGER)
    with django_assert_num_queries(6):
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
