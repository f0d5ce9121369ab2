"""What a run of the demo has found, and its summary."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from annotator.demo.findings import Findings, Score, find, percent, show, show_log_ins
from annotator.demo.steps import ANNOTATOR, MANAGER
from annotator.demo.support import ReleaseCopy
from annotator.models import Assignment, Consensus
from tests.demo.judged import CONTRARY, PAIRS, VOTERS, judged_demo
from tests.factories import AssignmentFactory, VoteFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=200)


@pytest.fixture
def demo(settings, tmp_path, console):
    settings.DATA_DIR = tmp_path
    return judged_demo(console=console)


def test_consensus_and_each_annotator_are_compared_with_the_truth(demo):
    found = find(demo)

    assert found.consensus == Score(PAIRS, PAIRS)
    assert found.people == {name: Score(0 if name == CONTRARY else PAIRS, PAIRS) for name in VOTERS}
    assert found.one_alone == pytest.approx(0.8)
    assert (len(found.truths), found.votes, found.prompts, found.generators) == (PAIRS, PAIRS * len(VOTERS), 1, 4)
    assert (found.ties, found.skips) == (0, 0)


def test_wrong_labels_ties_and_skips_are_counted(demo):
    first, second = Consensus.objects.order_by("pk")[:2]
    Consensus.objects.filter(pk=first.pk).update(label="tie")
    Consensus.objects.filter(pk=second.pk).update(label="b" if second.label == "a" else "a")
    member = Assignment.objects.first().member
    AssignmentFactory(member__campaign=demo.campaign, pair=first.pair, state="skipped")
    VoteFactory(assignment__member=member, assignment__pair=first.pair, assignment__kind="repeat")  # no further vote

    found = find(demo)

    assert found.consensus == Score(PAIRS - 2, PAIRS)
    assert (found.ties, found.skips, found.votes) == (1, 1, PAIRS * len(VOTERS))


def test_the_summary_and_the_log_ins_are_printed(demo, console):
    demo.release = ReleaseCopy(number=3, revision="0123456789abcdef", size=12_300_000, tables={})

    show(find(demo), demo, console)
    show_log_ins(demo, console)

    text = console.file.getvalue()
    for words in ("v3", "0123456789abcdef", "12.3 MB", "80 %", "100 %", MANAGER, ANNOTATOR):
        assert words in text
    assert demo.log_ins.manager in text
    assert demo.log_ins.annotator in text
    assert demo.log_ins.people not in text


@pytest.mark.parametrize(("share", "words"), [(0, "0 %"), (0.666, "67 %"), (1, "100 %")])
def test_a_share_is_shown_in_whole_percents(share, words):
    assert percent(share) == words


def test_nothing_judged_is_a_share_of_none():
    assert Score(0, 0).share == 0


def test_one_annotator_alone_is_the_mean_over_annotators_and_not_over_votes():
    people = {"ada": Score(9, 10), "ben": Score(30, 100), "idle": Score(0, 0)}
    findings = Findings(truths={}, consensus=Score(0, 0), ties=0, people=people, prompts=0, generators=0, skips=0)

    assert findings.one_alone == pytest.approx(0.6)
    assert findings.votes == 110
