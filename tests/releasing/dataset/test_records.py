"""What is in a release besides pairs and the votes of people: nothing that was collected is left out, and nobody who withdrew."""

from __future__ import annotations

import json

import pytest
from django.utils import timezone

from annotator.models import Adjudication, GoldDecision
from tests.factories import MemberFactory, UserFactory
from tests.released import make_pair, release_of, rows_of, vote, vote_all

# What is released has to be committed: it is read on a connection of its own.
pytestmark = pytest.mark.django_db(transaction=True)

RECORDS = ("votes", "machine_votes", "annotators", "adjudications", "gold")


@pytest.fixture
def people(campaign):
    """One by their names."""
    return {name: MemberFactory(campaign=campaign) for name in ("careful", "other", "gone")} | {
        "machine": MemberFactory(campaign=campaign, kind="machine"),
        "reviewer": MemberFactory(campaign=campaign, role="reviewer"),
    }


@pytest.fixture
def release(campaign, people):
    """Of two pairs, one of them gold, with a vote of each kind, a comment, and three decisions."""
    pair, gold = make_pair(campaign, 0, split="train"), make_pair(campaign, 1, split="test", gold_choice="b")
    again = make_pair(campaign, 2)
    vote(pair, "a", member=people["careful"], comment="Sharper hands.", elapsed_ms=3000)
    vote(pair, "b", member=people["other"], elapsed_ms=2000)
    vote(pair, "b", member=people["gone"], comment="Leave me out.")
    vote(pair, "both_bad", member=people["machine"], assignment__kind="machine")
    for member, choice in (("careful", "b"), ("other", "a"), ("gone", "a")):
        vote(gold, choice, member=people[member], assignment__kind="gold")
    vote(again, "a", member=people["careful"])
    vote(again, "a", member=people["careful"], assignment__kind="repeat")
    vote(again, "b", member=people["other"], void_reason="undone", voided_at=timezone.now())
    decided = {"campaign": campaign, "by": people["reviewer"].user, "at": timezone.now()}
    first = campaign.questions.get(position=0)
    Adjudication.objects.create(pair=pair, outcome="decide", question=first, choice="a", note="The hands.", **decided)
    Adjudication.objects.create(pair=again, outcome="retire", reason="unsafe", unsafe_b=True, **decided)
    Adjudication.objects.create(
        pair=pair, outcome="message", member=people["gone"], note="To you.", **decided | {"by": UserFactory()}
    )
    GoldDecision.objects.create(pair=gold, kind="kept", gold_choice="b", answers=5, answers_wrong=1, decided_at=timezone.now())
    people["gone"].state = "withdrawn"
    people["gone"].save()
    return release_of(campaign)


def test_annotators_have_what_votes_are_weighed_by(release, people):
    rows = {row["annotator_id"]: row for row in rows_of(release, "annotators")}
    careful, other, machine = (rows.pop(people[name].public_id) for name in ("careful", "other", "machine"))
    assert not rows
    figures = ("votes", "votes_void", "gold_answers", "gold_right", "gold_accuracy", "repeats", "repeats_same", "consistency")
    assert [careful[name] for name in figures] == [2, 0, 1, 1, 1.0, 1, 1, 1.0]
    assert [other[name] for name in figures] == [1, 1, 1, 0, 0.0, 0, 0, None]
    assert careful["trust"] > other["trust"]
    assert (machine["kind"], machine["votes"], machine["trust"]) == ("machine", 1, None)
    assert {careful["state"], other["state"]} == {"active"}


def test_comments_machines_and_gold_answers_are_there(release, people):
    votes = rows_of(release, "votes")
    assert [row["comment"] for row in votes if row["comment"]] == ["Sharper hands."]
    [machine] = rows_of(release, "machine_votes")
    assert (machine["annotator_id"], machine["choice"], machine["split"]) == (people["machine"].public_id, 3, "train")
    assert people["machine"].public_id not in {row["annotator_id"] for row in votes}
    [gold] = rows_of(release, "gold")
    assert (gold["choice"], gold["is_in_review"], gold["answers"], gold["answers_right"]) == (1, False, 2, 1)
    [decision] = json.loads(gold["decisions"])
    assert (decision["kind"], decision["choice"], decision["answers_wrong"], decision["is_automatic"]) == ("kept", "b", 1, True)


def test_adjudications_say_who_decided_what(release, people):
    decided, retired = rows_of(release, "adjudications")
    assert (decided["outcome"], decided["question"], decided["choice"], decided["note"]) == ("decide", "overall", 0, "The hands.")
    assert (retired["outcome"], retired["choice"], retired["reason"]) == ("retire", None, "unsafe")
    assert (retired["unsafe_a"], retired["unsafe_b"], retired["undone_at"]) == (False, True, None)
    assert {row["reviewer_id"] for row in (decided, retired)} == {people["reviewer"].public_id}


def test_who_withdrew_is_in_none(release, people):
    said = json.dumps([rows_of(release, config) for config in RECORDS], default=str)
    assert people["other"].public_id in said
    for trace in (people["gone"].public_id, "Leave me out.", "To you."):
        assert trace not in said


def test_tables_without_rows_have_their_columns(campaign):
    vote_all(make_pair(campaign), "a")
    release = release_of(campaign)
    assert [len(rows_of(release, config)) for config in RECORDS] == [1, 0, 1, 0, 0]
