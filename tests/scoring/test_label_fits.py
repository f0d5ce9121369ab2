"""Consensus by the methods that need all votes: what is written, when, and how it says that it came about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from annotator.models import Campaign, CampaignScoring, CampaignStatistics, Consensus, LabelFit, Vote
from annotator.scoring.consensus_writer import campaigns_to_score, score_at_once, score_campaign, score_changes
from annotator.scoring.statistics import compute_statistics
from tests.factories import CampaignFactory, MemberFactory, PairFactory
from tests.released import vote_all, vote_at_once

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
TUESDAY = datetime(2026, 11, 3, tzinfo=UTC)


@pytest.fixture
def campaign():
    return CampaignFactory()


@pytest.fixture
def pair(campaign):
    return PairFactory(campaign=campaign)


def void(cast: Vote) -> None:
    Vote.objects.filter(pk=cast.pk).update(void_reason="undone", voided_at=timezone.now())


@pytest.fixture
def crowd(campaign, transactional_db):  # these methods read what is committed
    """Two who know, and three who say b whatever is shown: on most pairs they are more."""
    Campaign.objects.filter(pk=campaign.pk).update(consensus_method="dawid_skene", votes_wanted=5, votes_max=5)
    campaign.refresh_from_db()
    good, blind = MemberFactory.create_batch(2, campaign=campaign), MemberFactory.create_batch(3, campaign=campaign)
    answers, truth = [], {}
    for number, pair in enumerate(PairFactory.create_batch(30, campaign=campaign)):
        truth[pair.pk] = ["a", "b", "both_bad"][number % 3]
        answers += [(pair, member, truth[pair.pk]) for member in good] + [(pair, member, "b") for member in blind]
    vote_at_once(campaign, answers)
    return truth


def by(method: str) -> dict[int, str]:
    return dict(Consensus.objects.filter(method=method).values_list("pair", "label"))


def test_dawid_skene_finds_those_who_know(campaign, crowd):
    score_campaign(campaign=campaign, now=MONDAY)
    assert by("dawid_skene") == crowd
    assert set(by("majority").values()) == {"b"}
    row = Consensus.objects.filter(method="dawid_skene", label="a").first()
    assert (row.n_a, row.n_b, row.n_both_good, row.n_both_bad) == (2, 3, 0, 0)
    assert row.p_a > 0.9
    assert row.share == pytest.approx(2 / 5)
    # The method trusts two people against three. That most of the population would say so is another question.
    assert row.confidence < 0.5
    assert row.p_a + row.p_b + row.p_both_good + row.p_both_bad == pytest.approx(1, abs=1e-4)
    assert row.agreement == pytest.approx(8 / 20)


def test_dawid_skene_writes_only_what_changed_and_is_the_same_however_often_it_is_asked(campaign, crowd):
    score_campaign(campaign=campaign, now=MONDAY)
    before = list(Consensus.objects.order_by("pk").values())
    score_campaign(campaign=campaign, now=TUESDAY)
    assert list(Consensus.objects.order_by("pk").values()) == before

    vote_of = Vote.objects.filter(assignment__pair=min(crowd)).order_by("pk").first()
    void(vote_of)
    score_campaign(campaign=campaign, now=TUESDAY)
    Vote.objects.filter(pk=vote_of.pk).update(void_reason=None, voided_at=None)
    score_campaign(campaign=campaign, now=TUESDAY)
    without_times = [{key: value for key, value in row.items() if key != "computed_at"} for row in before]
    again = list(Consensus.objects.order_by("pk").values())
    assert [{key: value for key, value in row.items() if key != "computed_at"} for row in again] == without_times


def test_dawid_skene_is_removed_with_the_last_vote_and_with_the_method(campaign, crowd):
    score_changes(campaign=campaign, now=MONDAY)
    gone = min(crowd)
    Vote.objects.filter(assignment__pair=gone).update(void_reason="suspended", voided_at=MONDAY)
    score_campaign(campaign=campaign, now=TUESDAY)
    assert by("dawid_skene").keys() == crowd.keys() - {gone}
    campaign.consensus_method = "majority"
    campaign.save()
    score_changes(campaign=campaign)
    assert by("dawid_skene") == {}
    campaign.consensus_method = "dawid_skene"
    campaign.save()
    score_changes(campaign=campaign)
    assert by("dawid_skene").keys() == crowd.keys() - {gone}


def test_dawid_skene_waits_in_the_background_as_long_as_it_is_slow_and_comes_in_the_end(campaign, crowd):
    score_changes(campaign=campaign, now=MONDAY)
    CampaignScoring.objects.update(dawid_skene_seconds=60)
    extra = PairFactory(campaign=campaign)
    vote_all(extra, "aa")
    score_changes(campaign=campaign, now=MONDAY + timedelta(minutes=19))
    assert extra.pk in by("majority")
    assert extra.pk not in by("dawid_skene")
    score_changes(campaign=campaign, now=MONDAY + timedelta(minutes=20))
    assert extra.pk in by("dawid_skene")


def test_dawid_skene_knows_only_the_choices_of_the_question(campaign, pair, transactional_db):
    Campaign.objects.filter(pk=campaign.pk).update(consensus_method="dawid_skene")
    campaign.questions.update(choices=["a", "b"])
    campaign.refresh_from_db()
    vote_all(pair, "ab")
    score_campaign(campaign=campaign)
    row = Consensus.objects.get(method="dawid_skene")
    assert (row.label, row.p_a, row.p_b, row.p_both_good, row.p_both_bad) == ("tie", 0.5, 0.5, 0, 0)


# --- the other methods


def use(campaign: Campaign, method: str) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(consensus_method=method)
    campaign.refresh_from_db()


@pytest.mark.parametrize("method", ["mace", "auto"])
def test_each_method_writes_rows_of_its_own_and_finds_those_who_know(campaign, crowd, method):
    use(campaign, method)
    score_campaign(campaign=campaign, now=MONDAY)
    assert set(Consensus.objects.values_list("method", flat=True)) == {"majority", method}
    assert by(method) == crowd
    fit = LabelFit.objects.get()
    assert fit.converged
    assert fit.method == (method if method != "auto" else max(fit.held_out, key=fit.held_out.get))
    assert bool(fit.reason) == (method == "auto")


def test_a_change_of_method_is_due_at_once_and_leaves_nothing_of_the_old_one(campaign, crowd):
    score_changes(campaign=campaign, now=MONDAY)
    CampaignScoring.objects.update(dawid_skene_seconds=3600)
    use(campaign, "one_coin")
    assert campaign in campaigns_to_score()
    score_changes(campaign=campaign, now=MONDAY)
    assert set(Consensus.objects.values_list("method", flat=True)) == {"majority", "one_coin"}
    assert LabelFit.objects.get().method == "one_coin"
    assert campaign not in campaigns_to_score()
    use(campaign, "majority")
    score_changes(campaign=campaign, now=MONDAY)
    assert not LabelFit.objects.exists()
    assert campaign not in campaigns_to_score()


def test_a_run_from_before_the_method_was_noted_is_done_again(campaign, crowd):
    score_changes(campaign=campaign, now=MONDAY)
    CampaignScoring.objects.update(fitted_method="")
    LabelFit.objects.all().delete()
    before = list(Consensus.objects.order_by("pk").values("pk", "computed_at"))
    assert campaign in campaigns_to_score()
    score_changes(campaign=campaign, now=TUESDAY)
    assert LabelFit.objects.get().method == "dawid_skene"
    assert list(Consensus.objects.order_by("pk").values("pk", "computed_at")) == before
    assert campaign not in campaigns_to_score()


def test_where_auto_counts_votes_its_rows_are_those_of_the_majority(campaign, transactional_db):
    use(campaign, "auto")
    pairs = PairFactory.create_batch(3, campaign=campaign)
    for pair, choices in zip(pairs, ("aab", "b", "gx"), strict=True):
        vote_all(pair, choices)  # of people who vote once each: nothing is known of anybody
    score_campaign(campaign=campaign, now=MONDAY)
    assert LabelFit.objects.get().method == "majority"
    assert by("auto") == by("majority") != {}
    columns = ["pair", "label", "confidence", "agreement", "n_a", "n_b", "n_both_good", "n_both_bad", "p_a", "p_b"]
    rows = {
        method: list(Consensus.objects.filter(method=method).order_by("pair").values(*columns)) for method in ("auto", "majority")
    }
    assert rows["auto"] == rows["majority"]

    score_campaign(campaign=campaign, now=TUESDAY)
    assert set(Consensus.objects.values_list("computed_at", flat=True)) == {MONDAY}
    void(Vote.objects.get(assignment__pair=pairs[1]))
    score_campaign(campaign=campaign, now=TUESDAY)
    assert by("auto").keys() == {pairs[0].pk, pairs[2].pk}


def test_a_run_that_did_not_converge_reaches_the_statistics(campaign, crowd, monkeypatch):
    score_campaign(campaign=campaign, now=MONDAY)
    assert compute_statistics(campaign=campaign, now=MONDAY).document["label_methods"][0]["converged"] is True
    monkeypatch.setattr("annotator.consensus.em.MEAN_PART", -1)  # then no step is small enough
    use(campaign, "one_coin")
    score_campaign(campaign=campaign, now=TUESDAY)
    assert CampaignStatistics.objects.get().is_outdated
    [found] = compute_statistics(campaign=campaign, now=TUESDAY).document["label_methods"]
    assert (found["question"], found["method"], found["converged"]) == ("overall", "one_coin", False)
    assert found["iterations"] == 5000


def test_a_release_does_not_wait_for_it(campaign, crowd):
    score_changes(campaign=campaign, now=MONDAY)
    CampaignScoring.objects.update(dawid_skene_seconds=60)
    extra = PairFactory(campaign=campaign)
    vote_all(extra, "aa")

    score_at_once(campaign=campaign, now=MONDAY + timedelta(minutes=1))

    assert extra.pk in by("dawid_skene")
