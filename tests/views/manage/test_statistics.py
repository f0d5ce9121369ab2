"""The pages about statistics and pairs that look alike: who may open them, what they show, do and refuse."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotator.models import Campaign, GroupQuestion, Member, Pair, Vote
from annotator.scoring.statistics import compute_statistics, stored_statistics
from annotator.templatetags.figures import estimated_share
from annotator.views.manage.statistics import ALPHA_WORDS
from tests.factories import LabelFitFactory, MemberFactory, PairFactory
from tests.released import vote
from tests.scoring.statistics.judged import judge_for_statistics

pytestmark = pytest.mark.django_db(transaction=True)  # what is read through Arrow is what is committed

MANAGERS_PAGES = ["statistics", "group_question"]


@pytest.fixture
def manager() -> Member:
    return MemberFactory(role="manager")


@pytest.fixture
def browser(manager) -> Client:
    return browser_of(manager)


def browser_of(member: Member) -> Client:
    client = Client()
    client.force_login(member.user)
    return client


def address(name: str, member: Member) -> str:
    return reverse(name, args=[member.campaign.slug])


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


@pytest.mark.parametrize("name", MANAGERS_PAGES)
def test_only_managers_open_the_pages(manager, name):
    annotator = MemberFactory(campaign=manager.campaign)
    assert browser_of(manager).get(address(name, manager)).status_code == 200
    assert browser_of(annotator).get(address(name, manager)).status_code == 403
    assert browser_of(MemberFactory()).get(address(name, manager)).status_code == 404
    assert Client().get(address(name, manager)).status_code == 302


@pytest.mark.parametrize("name", ["group_question"])
def test_only_managers_change_anything(manager, name):
    pair = PairFactory(campaign=manager.campaign, image_distance=0)
    body = {"pair": pair.pk, "decision": "hold", "text": "Which?", "options": "x\ny", "people_min": 5}
    assert browser_of(MemberFactory(campaign=manager.campaign)).post(address(name, manager), body).status_code == 403
    assert browser_of(MemberFactory()).post(address(name, manager), body).status_code == 404
    pair.refresh_from_db()
    assert (pair.state, GroupQuestion.objects.count()) == ("open", 0)


def test_statistics_can_only_be_looked_at(manager, browser):
    assert browser.post(address("statistics", manager)).status_code == 405


# --- statistics


def test_without_votes_the_page_says_so_in_each_section(manager, browser):
    page = text_of(browser.get(address("statistics", manager)))
    assert "Not computed yet" in page
    for words in ("No two generators have been compared yet.", "Nobody has voted yet.", "No prompts yet.", "No question yet."):
        assert words in page
    compute_statistics(campaign=manager.campaign)
    assert "Based on 0 votes" in text_of(browser.get(address("statistics", manager)))


def test_the_page_says_it_in_words_and_numbers(manager, browser):
    judge_for_statistics(manager.campaign)
    page = text_of(browser.get(address("statistics", manager)))
    its = stored_statistics(manager.campaign).document
    assert f"{its['agreement'][0]['agreement']['alpha']:.2f}".replace("-", "−") in page
    assert any(f"): {words}." in page for _, words in ALPHA_WORDS)
    for generator in ("Aurora", "Brook 2", "Cedar-XL", "Dune"):
        assert generator in page
    assert its["annotators"][0]["annotator"] in page
    assert "Machines compared with people" in page
    assert "near-identical pairs</a>" in page
    assert "never" in page


def test_the_page_says_on_which_votes_agreement_is_measured(manager, browser):
    judge_for_statistics(manager.campaign)
    page = text_of(browser.get(address("statistics", manager)))
    assert "Agreement is measured on the <strong>first 3 votes</strong> on each pair" in page
    assert "First 3 of every pair" in page
    assert "0 is what answers by chance would give. With few prompts, here 40, the interval is rough." in page
    for words in ("Later votes are left out", "audit pair", "What stopping early saves"):
        assert words not in page


def test_with_adaptive_overlap_the_audit_pairs_and_the_saving_are_on_the_page(manager, browser):
    Campaign.objects.filter(pk=manager.campaign_id).update(votes_wanted=2, votes_max=3)
    judge_for_statistics(manager.campaign)
    page = text_of(browser.get(address("statistics", manager)))
    assert "Later votes are left out: with adaptive overlap, votes on a pair stop when people agree" in page
    assert "There are no audit pairs, so nothing is known of what later votes would say." in page
    assert "Not known yet: none of the 0 audit pairs has all 3 votes." in page
    Pair.objects.filter(campaign=manager.campaign).update(is_audit=True)
    compute_statistics(campaign=manager.campaign)
    page = text_of(browser.get(address("statistics", manager)))
    assert "40 audit pairs, drawn at import, get all 3 votes whatever people answer" in page
    assert "All 3 of audit pairs" in page
    saved = stored_statistics(manager.campaign).document["stopping"]
    assert f"<strong>{estimated_share(saved['votes_saved'])}</strong> of the votes that 3 on every pair would take" in page
    assert saved["label_differs"]["n"] == 0  # of so few pairs none stops early
    assert "have another label after all votes" not in page


def test_the_page_says_how_sure_labels_are_and_whether_that_came_true(manager, browser):
    judge_for_statistics(manager.campaign)
    page = text_of(browser.get(address("statistics", manager)))
    [found] = stored_statistics(manager.campaign).document["confidence"][:1]
    assert "The share of the votes is not a probability: after a single vote it is 100 %." in page
    for words in ("Mean confidence", "Two people agree on a pair", "Pairs nearly even", "Does it come true?"):
        assert words in page
    assert found["expected"] is None
    assert "stopping early" not in page.partition("Confidence</h2>")[2].partition("</section>")[0]
    assert f"{found['calibration']['pairs']} pairs" in page
    Campaign.objects.filter(pk=manager.campaign_id).update(votes_wanted=2, votes_max=3)
    compute_statistics(campaign=manager.campaign)
    page = text_of(browser.get(address("statistics", manager)))
    assert "Too few pairs have two votes for any to stop early." in page


def test_a_document_from_before_confidence_was_computed_is_shown(manager, browser):
    judge_for_statistics(manager.campaign)
    stored = stored_statistics(manager.campaign)
    del stored.document["confidence"]
    stored.save()
    assert browser.get(address("statistics", manager)).status_code == 200


def test_of_one_vote_a_pair_the_page_says_that_it_tells_nothing(manager, browser):
    Campaign.objects.filter(pk=manager.campaign_id).update(votes_wanted=1)
    judge_for_statistics(manager.campaign)
    assert "One vote on each pair says nothing about agreement." in text_of(browser.get(address("statistics", manager)))


def test_a_document_of_an_older_version_is_shown_until_it_is_computed_anew(manager, browser):
    judge_for_statistics(manager.campaign)
    stored = stored_statistics(manager.campaign)
    old = {name: value for name, value in stored.document.items() if name not in ("overlap", "stopping")}
    for row in old["agreement"]:
        del row["audit"]
        row["agreement"] = {name: row["agreement"][name] for name in ("alpha", "lower", "upper", "pairs", "votes")}
    stored.document = old
    stored.save()
    page = text_of(browser.get(address("statistics", manager)))
    assert "Krippendorff’s alpha is <strong>" in page
    assert "Agreement is measured" not in page


def test_a_refused_ranking_is_explained_on_the_page(manager, browser):
    judge_for_statistics(manager.campaign, pairs=2)
    Vote.objects.update(void_reason="undone", voided_at=timezone.now())
    for pair in Pair.objects.all():
        vote(pair, "a")
    compute_statistics(campaign=manager.campaign)
    assert "The generators cannot be ranked: " in text_of(browser.get(address("statistics", manager)))


def test_the_page_shows_no_names(manager, browser):
    judge_for_statistics(manager.campaign)
    page = text_of(browser.get(address("statistics", manager)))
    names = Member.objects.filter(campaign=manager.campaign).exclude(pk=manager.pk).values_list("user__username", flat=True)
    assert not [name for name in names if f">{name}<" in page]


@pytest.mark.parametrize("pairs", [3, 30])
def test_the_page_is_read_from_one_row_at_any_size(manager, browser, pairs, django_assert_num_queries):
    judge_for_statistics(manager.campaign, pairs=pairs)
    browser.get(address("statistics", manager))
    with django_assert_num_queries(5):  # session with user, membership with campaign, document; campaigns, what waits
        browser.get(address("statistics", manager))


def test_the_campaigns_page_leads_there(manager, browser):
    PairFactory(campaign=manager.campaign, image_distance=6)
    PairFactory(campaign=manager.campaign, image_distance=7)
    PairFactory(campaign=manager.campaign, image_distance=1, state="held")
    page = text_of(browser.get(address("campaign_page", manager)))
    assert address("statistics", manager) in page
    assert "1 near-identical pair" in page


def test_it_says_how_labels_came_about_and_warns_where_they_had_not_settled(manager, browser):
    campaign = manager.campaign
    campaign.consensus_method = "auto"
    campaign.save()
    question = campaign.questions.get(position=0)
    assert "Labels are by" not in text_of(browser.get(address("statistics", manager)))
    fit = LabelFitFactory(
        question=question,
        method="mace",
        reason="mace gives 90 held-out votes the highest likelihood.",
        held_out={"majority": -0.9, "mace": -0.5, "one_coin": None},
    )
    compute_statistics(campaign=campaign)
    text = text_of(browser.get(address("statistics", manager)))
    assert "Labels are by <strong>MACE</strong>, chosen by how well it predicts votes it has not seen." in text
    assert "mace gives 90 held-out votes the highest likelihood." in text
    assert "-0.5000" in text
    assert "did not converge" not in text

    fit.converged, fit.iterations = False, 5000
    fit.save()
    compute_statistics(campaign=campaign)
    text = text_of(browser.get(address("statistics", manager)))
    assert "MACE did not converge: it stopped after 5,000 steps" in text
    assert "What to do" in text
    assert reverse("campaign_settings", args=[campaign.slug]) in text


def test_a_document_from_before_label_methods_were_noted_is_shown(manager, browser):
    compute_statistics(campaign=manager.campaign)
    stored = stored_statistics(manager.campaign)
    del stored.document["label_methods"]
    stored.save()
    assert browser.get(address("statistics", manager)).status_code == 200
