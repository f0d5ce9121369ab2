"""The manager's pages of the review: who may open and decide, the figures, the rules, and one annotator."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotator.choices import AppealState, MemberState, Role
from annotator.models import Appeal, Campaign, CampaignStatistics, Member, ModerationAction, ReviewRule
from annotator.quality import rules
from annotator.scoring.statistics.compute import statistics_from
from annotator.scoring.statistics.load import empty
from tests.factories import (
    AnnotatorStatsFactory,
    AppealFactory,
    CampaignFactory,
    MemberFactory,
    ModerationActionFactory,
    PairFactory,
    ProposalFactory,
    ReviewRuleFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager() -> Member:
    return MemberFactory(role=Role.MANAGER, user__username="mira")


@pytest.fixture
def campaign(manager: Member) -> Campaign:
    return manager.campaign


@pytest.fixture
def browser(client: Client, manager: Member) -> Client:
    client.force_login(manager.user)
    return client


def logged_in(member: Member) -> Client:
    client = Client()
    client.force_login(member.user)
    return client


def address(name: str, campaign: Campaign, *more: object) -> str:
    return reverse(name, args=[campaign.slug, *more])


def progress_of(campaign: Campaign, name: str, **figures: object) -> Member:
    return AnnotatorStatsFactory(member__campaign=campaign, member__user__username=name, **figures).member


def tastes_are_known(campaign: Campaign, *groups: list[Member]) -> None:
    """Store a statistics document with these taste groups."""
    document = statistics_from(empty(), campaign=campaign.slug, consensus_method="majority", now=timezone.now()).as_json()
    document["tastes"] = {
        "compared": sum(map(len, groups)) + 1,
        "p_value": 0.005,
        "groups": [
            {"people": len(group), "annotators": [member.public_id for member in group], "agreement_within": 0.82}
            | {"agreement_with_others": 0.51}
            for group in groups
        ],
        "in_none": 1,
    }
    CampaignStatistics.objects.create(campaign=campaign, document=document, computed_at=timezone.now())


# --- who may open and decide


def pages_of(campaign: Campaign) -> dict[str, str]:
    member = progress_of(campaign, "ada")
    rule = ReviewRuleFactory(campaign=campaign, asks_since=timezone.now())
    return {
        "review": address("review", campaign),
        "moderation_log": address("moderation_log", campaign),
        "member_page": address("member_page", campaign, member.pk),
        "review_rules": address("review_rules", campaign),
        "answer_appeal": address("answer_appeal", campaign, AppealFactory(member__campaign=campaign).pk),
        "decide_rule": address("decide_rule", campaign, rule.pk),
    }


def test_managers_open_all_and_reviewers_look_and_answer_appeals(campaign: Campaign, manager: Member) -> None:
    pages = pages_of(campaign)
    look = {"review", "moderation_log", "member_page", "answer_appeal"}
    reviewer = MemberFactory(campaign=campaign, role=Role.REVIEWER)
    for user, may in (
        (manager.user, set(pages) - {"decide_rule"}),
        (UserFactory(is_superuser=True), set(pages) - {"decide_rule"}),
        (reviewer.user, look),
        (MemberFactory(campaign=campaign).user, set()),
        (MemberFactory(campaign=campaign, role=Role.MANAGER, state=MemberState.PAUSED).user, set()),
    ):
        client = Client()
        client.force_login(user)
        opened = {name for name, page in pages.items() if client.get(page).status_code == 200}
        assert opened == may, user
    stranger = logged_in(MemberFactory(role=Role.MANAGER))
    assert {stranger.get(page).status_code for name, page in pages.items() if name != "decide_rule"} == {404}
    assert {Client().get(page).status_code for page in pages.values()} == {302}


def test_reviewers_annotators_and_strangers_decide_nothing_here(campaign: Campaign) -> None:
    pages = pages_of(campaign)
    reviewer = MemberFactory(campaign=campaign, role=Role.REVIEWER)
    for member, status in ((reviewer, 403), (MemberFactory(campaign=campaign), 403), (MemberFactory(role=Role.MANAGER), 404)):
        client = logged_in(member)
        for name in ("member_page", "review_rules", "decide_rule", *(["answer_appeal"] if member != reviewer else [])):
            data = {"note": "Look.", "accept": "", "answer": "Yes.", "go_on": ""}
            assert client.post(pages[name], data).status_code == status, name
    assert not ModerationAction.objects.exists()
    assert Appeal.objects.get().state == AppealState.OPEN
    assert ReviewRule.objects.get().asks_since is not None


def test_rows_of_another_campaign_and_rows_that_are_not_there_are_not_found(browser: Client, campaign: Campaign) -> None:
    other = CampaignFactory()
    rows = {
        "member_page": progress_of(other, "ada").pk,
        "answer_appeal": AppealFactory(member__campaign=other).pk,
        "decide_rule": ReviewRuleFactory(campaign=other).pk,
    }
    for name, pk in rows.items():
        for number in (pk, 2**62):
            assert browser.post(address(name, campaign, number), {"note": "Look."}).status_code == 404
    assert browser.get(reverse("review", args=["nowhere"])).status_code == 404


# --- the review page


def test_it_shows_everybodys_figures_with_intervals(browser: Client, campaign: Campaign) -> None:
    progress_of(campaign, "ada", gold_count=8, gold_right=7, side_count=50, left_count=24, trust=6.2, skill=0.95)
    progress_of(campaign, "zoe")
    html = browser.get(address("review", campaign)).content.decode()
    row = re.search(r"ada</a>(.*?)</tr>", html, re.S)[1]

    assert "88 %" in row
    assert "53–98 %" in row  # Wilson's interval of 7 of 8
    assert "48 %" in row
    assert "+6.2" in row
    assert "–" in re.search(r"zoe</a>(.*?)</tr>", html, re.S)[1]


def test_it_is_sorted_by_what_is_asked_for_and_by_trust_otherwise(browser: Client, campaign: Campaign) -> None:
    progress_of(campaign, "ada", gold_count=8, gold_right=8, trust=-1.0, timed_count=5, fast_count=5)
    progress_of(campaign, "bea", gold_count=8, gold_right=2, trust=3.0, timed_count=5, fast_count=0)
    progress_of(campaign, "cleo", trust=1.0)

    def order(**query: str) -> list[str]:
        html = browser.get(address("review", campaign), query).content.decode()
        table = re.search(r'<table class="rows annotator-stats">.*?</table>', html, re.S)[0]
        return re.findall(r"/members/\d+/\">(\w+)</a>", table)

    assert order() == order(order="nonsense") == ["ada", "cleo", "bea"]
    assert order(order="gold") == ["bea", "ada", "cleo"]
    assert order(order="fast") == ["ada", "bea", "cleo"]
    assert order(order="name") == ["ada", "bea", "cleo"]


def test_it_takes_as_many_queries_for_many_people_as_for_few(
    browser: Client, campaign: Campaign, django_assert_max_num_queries
) -> None:
    def fill(times: int) -> None:
        for _ in range(times):
            member = AnnotatorStatsFactory(member__campaign=campaign).member
            rule = campaign.review_rules.filter(asks_since__isnull=False).first()
            ProposalFactory(rule=rule, member=member, figures=rules.figures_of(rule, member.stats))
            ModerationActionFactory(member=member, rule=rule, figures=rules.figures_of(rule, member.stats))

    def queries(page: str) -> int:
        with django_assert_max_num_queries(18) as captured:
            assert browser.get(page).status_code == 200
        return len(captured)

    ReviewRuleFactory(campaign=campaign, asks_since=timezone.now())
    rules.ensure_rules(campaign)
    fill(2)
    AppealFactory(member__campaign=campaign)
    pages = [address("review", campaign), address("moderation_log", campaign)]
    few = [queries(page) for page in pages]
    fill(18)
    for _ in range(9):
        AppealFactory(member__campaign=campaign)
    assert [queries(page) for page in pages] == few


def test_an_empty_campaign_has_a_page_with_the_rules(browser: Client, campaign: Campaign) -> None:
    html = browser.get(address("review", campaign)).content.decode()

    assert "No measurable answers yet." in html
    assert "Gold accuracy below 50 %, with at least 6 answers" in html
    assert "No actions yet." in html


def test_the_record_says_who_did_what_on_what_figures(browser: Client, campaign: Campaign, manager: Member) -> None:
    member = progress_of(campaign, "ada", gold_count=8, gold_right=1)
    rule = ReviewRuleFactory(campaign=campaign, outcome="suspend", threshold=0.5, minimum=6)
    ModerationActionFactory(member=member, kind="suspend", rule=rule, figures=rules.figures_of(rule, member.stats))
    ModerationActionFactory(member=member, kind="lift", actor=manager.user, note="A mistake of ours.")
    for name in ("review", "moderation_log"):
        html = browser.get(address(name, campaign)).content.decode()
        assert "Gold accuracy: 12 % from 8 answers, upper bound 68 %. Rule: below 50 %, at least 6 answers." in html
        assert ">Rule</td>" in html
        assert "“A mistake of ours.”" in html


def test_each_rule_says_what_it_tests_and_how_often_it_errs(browser: Client, campaign: Campaign) -> None:
    ReviewRuleFactory(campaign=campaign, measure="trust", outcome="suspend", threshold=-5, minimum=20)
    ReviewRuleFactory(campaign=campaign, measure="agreement", outcome="warn", enabled=False)
    for name in ("review", "review_rules"):
        html = browser.get(address(name, campaign)).content.decode()
        assert "A different taste is not guessing." in html
        assert "In 500 answers, it matches at most 0.67 % of people who pass gold and are consistent on repeats" in html
        assert "Agreement with others" not in html


def test_who_differs_from_most_is_shown_with_their_taste_and_without_guilt(browser: Client, campaign: Campaign) -> None:
    ada = progress_of(campaign, "ada", shared_count=40, agreed_count=22, trust=6.5, own_trust=3.1, evidence_count=60)
    bea = progress_of(campaign, "bea", shared_count=40, agreed_count=36, trust=30.0)
    tastes_are_known(campaign, [bea, MemberFactory(campaign=campaign)], [ada, MemberFactory(campaign=campaign)])

    html = " ".join(browser.get(address("review", campaign)).content.decode().split())
    page = " ".join(browser.get(address("member_page", campaign, ada.pk)).content.decode().split())

    assert "Differs from most" in html
    assert "45 %" in html
    row = html[html.index(">ada<") : html.index("</tr>", html.index(">ada<"))]
    assert "Taste B" in row
    assert "Possible taste groups:" in html
    assert "no rule goes by it" in html
    assert "does not look like guessing" in page
    assert "no fault" in page
    statistics = " ".join(browser.get(address("statistics", campaign)).content.decode().split())
    assert ada.public_id in statistics
    assert "ada" not in statistics.replace(ada.public_id, "")
    assert "there may be 2 tastes" in statistics


def test_without_evidence_there_are_no_taste_groups(browser: Client, campaign: Campaign) -> None:
    progress_of(campaign, "ada")
    assert "Taste A" not in browser.get(address("review", campaign)).content.decode()
    tastes_are_known(campaign)
    assert "Possible taste groups" not in browser.get(address("review", campaign)).content.decode()


def test_the_campaigns_page_counts_what_was_done_and_what_waits(browser: Client, campaign: Campaign) -> None:
    member = MemberFactory(campaign=campaign)
    ModerationActionFactory(member=member, kind="warn")
    ModerationActionFactory(member=member, kind="suspend", actor=UserFactory())
    AppealFactory(member__campaign=campaign)
    AppealFactory(member__campaign=campaign, member__state="withdrawn")
    ReviewRuleFactory(campaign=campaign, asks_since=timezone.now())
    for name in ("campaign_page", "campaign_progress"):
        words = " ".join(browser.get(address(name, campaign)).content.decode().split())
        assert "1 appeal to answer" in words
        assert "1 rule to confirm" in words
        assert "1 warned, 0 paused, 1 suspended; 1 by rules" in words


# --- one annotator


def test_a_manager_warns_somebody_in_their_own_words(browser: Client, campaign: Campaign) -> None:
    member = progress_of(campaign, "ada")
    PairFactory(campaign=campaign)
    page = address("member_page", campaign, member.pk)
    assert browser.post(page, {"note": ""}).status_code == 400
    assert browser.post(page, {"note": "x" * 2001}).status_code == 400

    browser.post(page, {"note": "Mind the <hands>."})

    shown = logged_in(member).get(address("annotate", campaign)).content.decode()
    assert "About your answers" in shown
    assert "Mind the &lt;hands&gt;." in shown
    assert "Mind the &lt;hands&gt;." in browser.get(page).content.decode()


def test_somebody_without_votes_has_a_page_too(browser: Client, campaign: Campaign) -> None:
    member = MemberFactory(campaign=campaign, state="suspended")
    page = browser.get(address("member_page", campaign, member.pk))

    assert "No measurable answers yet." in page.content.decode()
    assert browser.post(page.request["PATH_INFO"], {"note": "Look."}).status_code == 400  # they would not see it
