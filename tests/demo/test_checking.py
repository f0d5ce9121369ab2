"""The demo's checks pass on what a run leaves, and each finds what is wrong."""

from __future__ import annotations

import io
import json
from collections import Counter
from copy import deepcopy

import pyarrow as pa
import pytest
from django.db import transaction
from rich.console import Console

from annotator.choices import Label
from annotator.demo import checking
from annotator.demo.checking import CheckFailed, Checks, majority, must_equal, values_of
from annotator.demo.findings import find
from annotator.demo.people import Diary
from annotator.demo.steps import Demo
from annotator.models import Assignment, Consensus, Pair
from tests.demo.judged import judged_demo
from tests.factories import VoteFactory

ON_ROWS = [
    checking.check_pairs,
    checking.check_people,
    checking.check_votes_as_pressed,
    checking.check_seats,
    checking.check_consensus,
    checking.check_accuracy,
]


@pytest.fixture
def demo(db, settings, tmp_path) -> Demo:
    settings.DATA_DIR = tmp_path
    return judged_demo()


def wrong_label(demo: Demo) -> None:
    consensus = Consensus.objects.first()
    Consensus.objects.filter(pk=consensus.pk).update(label="b" if consensus.label == "a" else "a")


def wrong_count(demo: Demo) -> None:
    consensus = Consensus.objects.first()
    Consensus.objects.filter(pk=consensus.pk).update(n_a=consensus.n_a + 1)


def free_seat(demo: Demo) -> None:
    Pair.objects.filter(pk=demo.own_pairs().first().pk).update(seats_taken=4)


def one_side_only(demo: Demo) -> None:
    Assignment.objects.filter(pair=demo.own_pairs().first()).update(a_on_left=True)


def lost_vote(demo: Demo) -> None:
    demo.diary.write("acknowledged", 10**9)


def invented_vote(demo: Demo) -> None:
    demo.diary.sent.popitem()


def another_choice(demo: Demo) -> None:
    next(iter(demo.diary.sent.values()))["choice"] = "both_bad"


def another_image(demo: Demo) -> None:
    entry = next(entry for entry in demo.diary.sent.values() if entry["better"])
    entry["better"] = "images/nobody/000.jpg"


def lost_skip(demo: Demo) -> None:
    demo.diary.write("skipped", 10**9)


def unsettled(demo: Demo) -> None:
    Pair.objects.filter(pk=demo.own_pairs().first().pk).update(state="open")


def test_what_a_run_leaves_passes(demo):
    findings = find(demo)

    for check in ON_ROWS:
        assert check(demo, findings)


FAULTS = [
    (wrong_label, checking.check_consensus),
    (wrong_count, checking.check_consensus),
    (unsettled, checking.check_consensus),
    (free_seat, checking.check_seats),
    (one_side_only, checking.check_seats),
    (lost_vote, checking.check_votes_as_pressed),
    (invented_vote, checking.check_votes_as_pressed),
    (another_choice, checking.check_votes_as_pressed),
    (another_image, checking.check_votes_as_pressed),
    (lost_skip, checking.check_votes_as_pressed),
]


def test_each_fault_is_found(demo):
    findings, diary = find(demo), demo.diary
    missed = []
    for number, (spoil, check) in enumerate(FAULTS):
        demo.diary = Diary(demo.folder / f"{number}.jsonl")
        demo.diary.sent = deepcopy(diary.sent)
        demo.diary.acknowledged = set(diary.acknowledged)
        with transaction.atomic():
            spoil(demo)
            try:
                check(demo, findings)
            except CheckFailed:
                pass
            else:
                missed.append(spoil.__name__)
            transaction.set_rollback(True)

    assert missed == []


def test_a_repeat_and_a_visitors_vote_are_no_further_votes(demo):
    seat = Assignment.objects.first()
    VoteFactory(assignment__member=seat.member, assignment__pair=seat.pair, assignment__kind="repeat")
    VoteFactory(assignment__member__campaign=demo.campaign, assignment__pair=seat.pair)

    assert checking.check_seats(demo, find(demo))


def test_every_check_runs_and_one_that_fails_fails_the_run(demo, monkeypatch):
    def fail(demo, findings):
        raise CheckFailed("three, expected four")

    def shown(*checks) -> tuple[bool, Checks, str]:
        monkeypatch.setattr(checking, "CHECKS", list(checks))
        run = Checks(Console(file=io.StringIO(), width=200))
        is_right = run.run(demo, find(demo))
        return is_right, run, run.console.file.getvalue()

    is_right, run, text = shown(("pairs", checking.check_pairs), ("people", fail), ("seats", checking.check_seats))
    assert (is_right, run.passed, run.failed) == (False, 2, 1)
    assert "people: three, expected four" in text

    is_right, run, _ = shown(("pairs", checking.check_pairs))
    assert (is_right, run.passed, run.failed) == (True, 1, 0)


def test_labels_of_a_table_are_read_by_name():
    features = {"choice": {"_type": "ClassLabel", "names": ["a", "b"]}, "pair": {"dtype": "int64", "_type": "Value"}}
    table = pa.table({"choice": pa.array([1, None, 0]), "pair": pa.array([7, 8, None])}).replace_schema_metadata(
        {"huggingface": json.dumps({"info": {"features": features}})}
    )

    assert values_of(table, "choice") == ["b", None, "a"]
    assert values_of(table, "pair") == [7, 8, None]


@pytest.mark.parametrize(
    ("votes", "label"),
    [({"a": 3, "b": 2}, "a"), ({"both_bad": 1}, "both_bad"), ({"a": 2, "b": 2, "both_good": 1}, Label.TIE)],
)
def test_the_recount_knows_ties(votes, label):
    assert majority(Counter(votes)) == label


def test_a_check_that_fails_says_what_was_found_and_what_was_expected():
    with pytest.raises(CheckFailed, match="pairs: 95, expected 96"):
        must_equal("pairs", 95, 96)
