"""What the votes of a release amount to can be computed again from the release."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from django.utils import timezone

from annotator.choices import Choice
from annotator.consensus.agreement import krippendorff_alpha_of_counts
from annotator.consensus.dawid_skene import dawid_skene
from annotator.consensus.majority import majority_of_counts
from annotator.consensus.posterior import fit_prior, posterior
from annotator.models import Campaign, Consensus, Vote
from annotator.releasing.dataset.columns import LABEL
from annotator.scoring.labels import SMOOTHING
from annotator.scoring.statistics import compute_statistics, statistics_of
from tests.factories import MemberFactory, QuestionFactory
from tests.released import card_of, make_pair, release_of, rows_of, vote, vote_all

# What is released has to be committed: it is read on a connection of its own.
pytestmark = pytest.mark.django_db(transaction=True)


def test_every_pair_can_be_recomputed_from_the_votes_in_the_release(campaign, judged):
    for reason in ("undone", "suspended"):
        cast = vote(judged[0], "b")
        Vote.objects.filter(pk=cast.pk).update(void_reason=reason, voided_at=timezone.now())
    vote(judged[0], "b", assignment__kind="repeat")
    other = QuestionFactory(campaign=campaign, slug="beauty", position=1)
    vote(judged[0], "b", question=other)
    release = release_of(campaign)
    counted = Counter(
        (row["pair_id"], row["choice"])
        for row in rows_of(release, "votes")
        if row["kind"] == "regular" and row["void_reason"] is None and row["question"] == "overall"
    )
    rows = rows_of(release, "pairs")
    table = np.array([[counted[row["pair_id"], code] for code in range(4)] for row in rows])
    found = posterior(fit_prior(table, groups=(0, 0, 1, 2)), table)
    for place, row in enumerate(rows):
        counts = [counted[row["pair_id"], code] for code in range(4)]
        assert [row[f"n_{choice}"] for choice in Choice.values] == counts
        assert row["n_votes"] == sum(counts)
        expected = majority_of_counts(np.array([counts]))
        assert row["label"] == (None if expected.label[0] < 0 else expected.label[0])
        for name, value in [("share", expected.confidence), ("agreement", expected.agreement)]:
            assert row[name] == (None if np.isnan(value[0]) else value[0])
        if not sum(counts):
            assert [row[name] for name in ("confidence", "p_a", "p_both_bad")] == [None] * 3
            continue
        assert row["confidence"] == pytest.approx(found.confidence[place], abs=1e-8)
        soft = [row[f"p_{choice}"] for choice in Choice.values]
        assert soft == pytest.approx(found.p[place].tolist(), abs=1e-8)


LETTERS = {"a": 0, "b": 1, "g": 2, "x": 3}


def test_dawid_skene_labels_can_be_recomputed_from_the_votes_of_the_release(campaign):
    campaign.consensus_method = "dawid_skene"
    campaign.save()
    people = MemberFactory.create_batch(4, campaign=campaign)
    pairs = [make_pair(campaign, number) for number in range(8)]
    wrong = {"a": "b", "b": "a"}
    for number, pair in enumerate(pairs[:-1]):
        truth = "ab"[number % 2]
        for place, member in enumerate(people):  # two are right, two are wrong together on most
            vote(pair, wrong[truth] if place >= 2 and number % 3 else truth, member=member)
    void = vote(pairs[0], "both_bad", assignment__kind="repeat", member=people[0])
    release = release_of(campaign)
    votes = [row for row in rows_of(release, "votes") if row["kind"] == "regular" and row["void_reason"] is None]
    assert void.pk not in {row["vote_id"] for row in votes}
    tasks, task = np.unique([row["pair_id"] for row in votes], return_inverse=True)
    names, annotator = np.unique([row["annotator_id"] for row in votes], return_inverse=True)
    expected = dawid_skene(
        task,
        annotator,
        [row["choice"] for row in votes],
        n_tasks=len(tasks),
        n_annotators=len(names),
        n_choices=4,
        smoothing=SMOOTHING,
    )
    rows = {row["pair_id"]: row for row in rows_of(release, "pairs")}
    for place, pair_id in enumerate(tasks.tolist()):
        row = rows[pair_id]
        assert row["label"] == expected.label[place]
        assert row["share"] == row["n_" + Choice.values[row["label"]]] / 4
        assert 0 < row["confidence"] < 1
        soft = [row[f"p_{choice}"] for choice in Choice.values]
        assert soft == pytest.approx(expected.posterior[place].tolist(), abs=1e-6)
        assert row["n_votes"] == 4
    assert [rows[pairs[-1].pk][name] for name in ("label", "p_a", "confidence")] == [None] * 3
    assert "Dawid and Skene" in card_of(release)
    assert release_of(campaign).revision == release.revision


def test_agreement_can_be_recomputed_from_the_first_votes_of_the_release(campaign):
    """Alpha of the rows of `votes` with `is_first` is the figure on the card and over REST, whatever came later or was voided."""
    Campaign.objects.filter(pk=campaign.pk).update(votes_wanted=2, votes_max=4)
    QuestionFactory(campaign=campaign, slug="beauty", position=1)
    given = ("aa", "ab", "abbb", "ggxg", "abxa", "b", "xx", "bbb")
    pairs = [make_pair(campaign, number, state="settled", is_audit=number == 4) for number in range(len(given))]
    for pair, choices in zip(pairs, given, strict=True):
        vote_all(pair, choices)
    for pair, reason in ((pairs[2], "undone"), (pairs[7], "suspended")):
        first = Vote.objects.filter(assignment__pair=pair).order_by("created_at").first()
        Vote.objects.filter(pk=first.pk).update(void_reason=reason, voided_at=timezone.now())
    vote(pairs[0], "b", assignment__kind="repeat")
    release = release_of(campaign)
    votes, rows = rows_of(release, "votes"), {row["pair_id"]: row for row in rows_of(release, "pairs")}
    first = Counter((row["pair_id"], row["choice"]) for row in votes if row["is_first"])
    assert not [row for row in votes if row["is_first"] and (row["void_reason"] or row["kind"] != "regular")]

    counts = [[first[pair.pk, code] for code in range(4)] for pair in pairs]
    alpha = krippendorff_alpha_of_counts(counts).alpha
    compute_statistics(campaign=campaign)
    figures = statistics_of(campaign)["agreement"][0]["agreement"]

    assert counts[2] == [0, 2, 0, 0]  # of abbb, the first was undone
    assert figures["alpha"] == pytest.approx(alpha, abs=1e-6)
    assert f"| `overall` | first 2 | {alpha:.3f} |" in card_of(release)
    assert [rows[pair.pk]["n_first"] for pair in pairs] == [sum(each) for each in counts] == [2, 2, 2, 2, 2, 1, 2, 2]
    assert [rows[pair.pk]["is_audit"] for pair in pairs] == [False] * 4 + [True] + [False] * 3
    assert [rows[pair.pk]["stopped_early"] for pair in pairs] == [True, True, True, False, False, True, True, True]


def test_the_first_votes_of_each_question_are_marked(campaign):
    Campaign.objects.filter(pk=campaign.pk).update(votes_wanted=1)
    beauty = QuestionFactory(campaign=campaign, slug="beauty", position=1)
    pair = make_pair(campaign)
    for choice in "ab":
        cast = vote(pair, choice)
        vote(pair, choice, question=beauty, assignment__assignment=cast.assignment)
    marked = [(row["question"], row["choice"]) for row in rows_of(release_of(campaign), "votes") if row["is_first"]]
    assert sorted(marked) == [("beauty", 0), ("overall", 0)]


def test_with_fixed_overlap_no_pair_was_stopped(campaign, judged):
    rows = rows_of(release_of(campaign), "pairs")
    assert {row["stopped_early"] for row in rows} == {False}
    assert [row["n_first"] for row in rows] == [row["n_votes"] for row in rows]


def test_the_labels_of_a_release_are_those_of_the_page_by_every_method(campaign):
    people = MemberFactory.create_batch(4, campaign=campaign)
    pairs = [make_pair(campaign, number) for number in range(10)]
    for number, pair in enumerate(pairs):
        for place, member in enumerate(people):
            vote(pair, "b" if place == 3 else "ab"[(number + (place == 2 and number % 4 == 0)) % 2], member=member)
    for method in ("one_coin", "mace", "auto"):
        campaign.consensus_method = method
        campaign.save()
        release = release_of(campaign)
        rows = {row["pair_id"]: row for row in rows_of(release, "pairs")}
        shown = list(Consensus.objects.filter(method=method))
        assert {consensus.pair_id for consensus in shown} == rows.keys()
        for consensus in shown:
            row = rows[consensus.pair_id]
            assert LABEL["names"][row["label"]] == consensus.label
            assert row["p_a"] == pytest.approx(consensus.p_a, abs=1e-5)
            assert row["confidence"] == pytest.approx(consensus.confidence, abs=1e-5)
        if method == "auto":
            assert "chosen by how well it predicts votes" in card_of(release)
        assert release_of(campaign).revision == release.revision
