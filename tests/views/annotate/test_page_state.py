"""Why nothing is left, when to come back, and what people from a crowd platform take with them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from annotator.campaigns import consent, guidelines
from annotator.choices import CampaignState, MemberState
from annotator.errors import NotAllowed
from annotator.models import Campaign, CampaignProgress, Guideline, Member, Vote
from annotator.scoring.progress import roll_up
from annotator.views.annotate.page_state import why_enough, why_nothing_left
from tests.factories import (
    AssignmentFactory,
    CampaignFactory,
    CrowdIdentityFactory,
    GuidelineFactory,
    MemberFactory,
    PairFactory,
    VoteFactory,
)
from tests.views.annotate.pages import open_page, page_of, reason_of, undo, vote

pytestmark = pytest.mark.django_db

CODE = "C0FFEE42"
BACK = "https://platform.example/complete?cc=C0FFEE42&x=1"


def shown_to(member: Member) -> str:
    client = Client()
    client.force_login(member.user)
    return client.get(page_of(member), follow=True).content.decode()


@pytest.mark.parametrize("hour", [0, 23])
def test_the_limit_of_a_day_says_when_the_next_begins(hour):
    limit = NotAllowed("You reached the daily limit of 5 votes.", code="limit_per_day")

    reason = why_enough(limit, datetime(2026, 12, 31, hour, 59, tzinfo=UTC))

    assert reason.back_at == datetime(2027, 1, 1, tzinfo=UTC)
    assert reason.again


def test_who_has_given_the_votes_of_a_day_reads_how_long_it_is_until_the_next():
    member = MemberFactory(campaign__limit_per_day=1)
    PairFactory(campaign=member.campaign)
    VoteFactory(assignment__member=member)
    Member.objects.update(answered_count=1)

    html = shown_to(member)

    assert reason_of(html) == "limit_per_day"
    assert re.search(r"You can continue in <strong>(\d+ (hour|minute)s?|under a minute|a? ?day)</strong>", html)
    assert "00:00 UTC" in html
    assert "Check again" in html


def test_who_is_suspended_reads_that_their_answers_are_under_review():
    html = shown_to(MemberFactory(state=MemberState.SUSPENDED))

    assert reason_of(html) == "member_suspended"
    assert "under review" in html


# --- crowd platforms


def from_platform(*, answered: int = 3, **campaign: object) -> Member:
    rules = {"completion_code": CODE, "return_url": BACK, "state": CampaignState.CLOSED} | campaign
    return CrowdIdentityFactory(member__answered_count=answered, member__campaign=CampaignFactory(**rules)).member


def test_somebody_from_a_platform_gets_the_code_and_the_way_back_and_is_not_sent_anywhere():
    html = shown_to(from_platform())

    assert f"<code data-completion-code>{CODE}</code>" in html
    assert f'href="{BACK.replace("&", "&amp;")}"' in html
    assert "http-equiv" not in html
    assert "5f3e2d1c" not in html  # their number there


def test_the_address_alone_and_the_code_alone_will_do():
    assert "Back to the platform" not in shown_to(from_platform(return_url=""))
    assert "data-completion-code" not in shown_to(from_platform(completion_code=""))
    assert 'class="completion"' not in shown_to(from_platform(completion_code="", return_url=""))


def test_who_judged_nothing_gets_no_code():
    html = shown_to(from_platform(answered=0))

    assert CODE not in html
    assert "Please return the study" in html


def test_nobody_else_gets_the_code():
    member = MemberFactory(answered_count=3, campaign=from_platform().campaign)

    assert CODE not in shown_to(member)


@pytest.mark.parametrize(
    ("campaign", "member"),
    [({"state": CampaignState.PAUSED}, {}), ({"state": CampaignState.DRAFT}, {}), ({}, {"state": MemberState.SUSPENDED})],
)
def test_a_break_is_not_the_end(campaign, member):
    came = from_platform(**campaign)
    Member.objects.filter(pk=came.pk).update(**member)

    assert CODE not in shown_to(came)


def test_the_code_is_shown_to_managers_alone_over_rest():
    came = from_platform()
    manager = MemberFactory(campaign=came.campaign, role="manager")
    annotator = MemberFactory(campaign=came.campaign)
    for user, sees in ((came.user, False), (annotator.user, False), (manager.user, True)):
        client = Client()
        client.force_login(user)
        for address in (f"/api/v1/campaigns/{came.campaign.slug}/", "/api/v1/campaigns/"):
            assert (CODE in client.get(address).content.decode()) == sees, (user, address)


@pytest.mark.parametrize(
    "address", ["http://platform.example/", "javascript:alert(1)", "//platform.example", "https://", "ftp://x.example"]
)
def test_only_an_https_address_is_a_way_back(client, address):
    manager = MemberFactory(role="manager")
    client.force_login(manager.user)
    settings = reverse("campaign_settings", args=[manager.campaign.slug])
    form = {name: value for name, value in client.get(settings).context["form"].initial.items() if value is not None}

    page = client.post(settings, form | {"return_url": address})

    assert page.status_code == 400
    assert "begins with https://" in page.content.decode()
    over_rest = client.patch(
        f"/api/v1/campaigns/{manager.campaign.slug}/", {"return_url": address}, content_type="application/json"
    )
    assert over_rest.status_code == 400
    assert Campaign.objects.get().return_url == ""
    assert client.post(settings, form | {"return_url": BACK, "completion_code": CODE}).status_code == 302
    assert (Campaign.objects.get().return_url, Campaign.objects.get().completion_code) == (BACK, CODE)


# --- what is to be read first


def test_a_new_guideline_says_what_is_new_since_the_one_that_was_accepted():
    member = MemberFactory()
    first = GuidelineFactory(campaign=member.campaign, text="# Colours\n\nRed counts.\n\n# Shapes\n\nCircles only.")
    guidelines.accept_guideline(member=member, guideline=first)
    guidelines.publish_guideline(campaign=member.campaign, text=first.text, change_note="We say it louder.", by=None)
    text = first.text.replace("Circles only.", "All shapes.")
    guidelines.publish_guideline(campaign=member.campaign, text=text, change_note="Squares, too.", by=None)

    html = shown_to(member)

    assert "Changes since version 1, which you accepted" in html
    assert html.index("We say it louder.") < html.index("Squares, too.")
    (changed,) = re.findall(r'<section class="changed">(.*?)</section>', html, re.S)
    assert "Shapes" in changed
    assert "Circles only." in re.search(r"<del>(.*?)</del>", changed, re.S)[1]
    assert "All shapes." in re.search(r"<ins>(.*?)</ins>", changed, re.S)[1]
    assert Guideline.objects.count() == 3


def test_a_manager_says_what_is_new_and_sees_what_annotators_will(client):
    manager = MemberFactory(role="manager")
    GuidelineFactory(campaign=manager.campaign, text="Look.")
    client.force_login(manager.user)
    page = reverse("edit_guideline", args=[manager.campaign.slug])
    form = {"text": "Look closely.", "change_note": "Closely."}

    looked = client.post(page, form | {"preview": ""}).content.decode()
    assert "Look closely." in re.search(r"<ins>(.*?)</ins>", looked, re.S)[1]
    client.post(page, form)

    assert Campaign.objects.get(pk=manager.campaign_id).guideline.change_note == "Closely."


def test_consent_costs_the_vote_no_query(django_assert_max_num_queries):
    """The vote's own page asserts how many there are; here are two that differ in nothing but the consent."""
    counts = []
    for has_consent in (False, True):
        member = MemberFactory(campaign__votes_wanted=1)
        PairFactory.create_batch(30, campaign=member.campaign)
        if has_consent:
            consent.publish_consent_text(campaign=member.campaign, text="One.", by=None)
            consent.agree(member=member, version=1)
        client = Client()
        client.force_login(member.user)
        client.get(page_of(member))
        seat = member.assignments.first()
        with django_assert_max_num_queries(16) as captured:
            client.post(reverse("vote", args=[seat.pk]), {"choice": "a"}, headers={"HX-Request": "true"})
        counts.append(len(captured))

    assert counts[0] == counts[1]


# --- the list of campaigns


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({}, "about 4 left for you"),
        ({"limit_total": 3}, "about 2 left for you"),
        ({"limit_share": 0.15}, "about 1 left for you"),
        ({"limit_total": 1}, "You have reached your limit."),
        ({"limit_per_day": 20}, "limit 20 a day"),
    ],
)
def test_the_list_says_about_how_much_is_left_for_me(browser, member, rules, words):
    vote(browser, open_page(browser, member))
    roll_up(campaign=member.campaign)
    Campaign.objects.update(**rules)

    assert words in browser.get(reverse("campaigns")).content.decode()


def test_the_list_leads_to_ones_own_answers_where_there_are_some(client):
    member = MemberFactory()
    client.force_login(member.user)
    assert "Your answers" not in client.get(reverse("campaigns")).content.decode()
    AssignmentFactory(member=member, state="answered")
    Member.objects.update(answered_count=1)
    assert reverse("history", args=[member.campaign.slug]) in client.get(reverse("campaigns")).content.decode()


# --- nothing left


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"limit_per_day": 1}, "daily limit of one vote"),
        ({"limit_total": 1}, "limit of one vote per person"),
        ({"limit_share": 0.001}, "of this campaign&#x27;s votes per person"),
    ],
)
def test_who_has_reached_a_limit_is_told_which(browser, member, rules, words):
    Campaign.objects.update(**rules)

    seat = open_page(browser, member)
    response = vote(browser, seat)

    for shown in (response, browser.get(page_of(member))):
        assert reason_of(shown.content.decode()) == next(iter(rules))
        assert words in shown.content.decode()
    assert Vote.objects.count() == 1
    assert reason_of(undo(browser, seat).content.decode()) is None  # a vote that was undone leaves room for another


@pytest.mark.parametrize(
    ("state", "reason"),
    [(CampaignState.DRAFT, "draft"), (CampaignState.PAUSED, "paused"), (CampaignState.CLOSED, "closed")],
)
def test_a_campaign_that_takes_no_votes_says_so(browser, member, state, reason):
    member.campaign.state = state
    member.campaign.save()

    response = browser.get(page_of(member))

    assert (response.status_code, reason_of(response.content.decode())) == (200, reason)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (MemberState.PAUSED, "member_paused"),
        (MemberState.SUSPENDED, "member_suspended"),
        (MemberState.WITHDRAWN, "member_out"),
    ],
)
def test_a_member_who_may_not_judge_is_told_so(browser, member, state, reason):
    Member.objects.update(state=state)

    assert reason_of(browser.get(page_of(member)).content.decode()) == reason


def test_a_vote_in_a_campaign_paused_meanwhile_counts_and_the_next_card_says_paused(browser, member):
    seat = open_page(browser, member)
    member.campaign.state = CampaignState.PAUSED
    member.campaign.save()

    response = vote(browser, seat)

    assert Vote.objects.count() == 1
    assert reason_of(response.content.decode()) == "paused"


def test_after_the_last_pair_it_says_that_everything_is_judged(client):
    member = MemberFactory()
    PairFactory(campaign=member.campaign)
    roll_up(campaign=member.campaign)
    client.force_login(member.user)

    response = vote(client, open_page(client, member))

    assert reason_of(response.content.decode()) == "judged_all"
    assert "<b>1</b> judged" in response.content.decode()


def test_an_empty_campaign_says_that_there_are_no_pairs_yet(client):
    member = MemberFactory(campaign=CampaignFactory())
    client.force_login(member.user)

    assert reason_of(client.get(page_of(member)).content.decode()) == "no_pairs"


@pytest.mark.parametrize(
    ("counters", "answered", "code"),
    [
        ({"pairs_total": 0}, 0, "no_pairs"),
        ({"pairs_total": 10, "votes_wanted": 30, "votes_live": 30}, 10, "finished"),
        ({"pairs_total": 10, "votes_wanted": 30, "votes_live": 30}, 0, "finished"),
        ({"pairs_total": 10, "pairs_held": 2, "votes_wanted": 24, "votes_live": 24}, 8, "under_review"),
        ({"pairs_total": 2, "pairs_held": 2, "votes_wanted": 0, "votes_live": 0}, 0, "under_review"),
        ({"pairs_total": 10, "votes_wanted": 30, "votes_live": 12}, 10, "judged_all"),
        ({"pairs_total": 10, "pairs_held": 2, "votes_wanted": 24, "votes_live": 12}, 8, "judged_all"),
        ({"pairs_total": 10, "votes_wanted": 30, "votes_live": 25, "seats_open": 5}, 7, "seats_taken"),
        ({"pairs_total": 10, "votes_wanted": 30, "votes_live": 25, "seats_open": 2}, 7, "seen_all"),
        ({"pairs_total": 10, "votes_wanted": 50, "votes_to_come": 20, "votes_live": 30}, 10, "more_to_come"),
        ({"pairs_total": 10, "votes_wanted": 50, "votes_to_come": 20, "votes_live": 12}, 10, "more_to_come"),
        ({"pairs_total": 10, "votes_wanted": 50, "votes_to_come": 20, "votes_live": 25, "seats_open": 5}, 7, "seats_taken"),
        ({"pairs_total": 10, "votes_wanted": 50, "votes_to_come": 0, "votes_live": 50}, 10, "finished"),
    ],
)
def test_the_reason_follows_from_the_counters(counters, answered, code):
    assert why_nothing_left(CampaignProgress(**counters), answered=answered, lease_seconds=1800).code == code


@pytest.mark.parametrize(("seconds", "words"), [(5, "a minute"), (60, "a minute"), (1800, "30 minutes")])
def test_it_says_how_long_others_may_hold_a_seat(seconds, words):
    counters = CampaignProgress(pairs_total=1, votes_wanted=1, votes_live=0, seats_open=1)

    assert words in why_nothing_left(counters, answered=0, lease_seconds=seconds).text
