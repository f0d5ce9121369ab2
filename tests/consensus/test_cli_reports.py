"""What each method reports of a file of votes: its columns, its figures and its notes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from annotator.consensus.__main__ import build_parser
from annotator.consensus.cli_reports import ALIASES, METHODS, Report
from annotator.consensus.vote_table import Table

# a beats b twice of three, b beats c twice of three; no vote on a and c.
LADDER = "worker,left,right,winner\nu,a,b,left\nv,b,a,right\nw,a,b,right\nu,b,c,left\nv,c,b,right\nw,b,c,right\n"
ISLANDS = "worker,left,right,winner\nu,a,b,left\nv,a,b,right\nu,c,d,left\nv,c,d,left\nw,c,d,right\n"
SPLIT_VOTE = "task,worker,label\n1,u,x\n1,v,x\n2,u,x\n2,v,y\n3,u,y\n"


@pytest.fixture
def report(tmp_path: Path) -> Callable[..., Report]:
    def of(method: str, text: str, *arguments: str) -> Report:
        path = tmp_path / "votes.csv"
        path.write_text(text)
        return METHODS[method](Table(path), build_parser().parse_args([method, str(path), *arguments]))

    return of


@pytest.mark.parametrize("method", METHODS)
def test_all_columns_are_of_one_length(report, method):
    for text in (LADDER, "worker,left,right,winner\n"):
        lengths = {len(column) for column in report(method, text).columns.values()}
        assert len(lengths) == 1


def test_every_alias_is_of_a_method():
    assert set(ALIASES.values()) <= set(METHODS)


def test_a_task_without_a_leader_is_tied(report):
    found = report("majority", SPLIT_VOTE)

    assert found.columns["task"] == ["1", "2", "3"]
    assert found.columns["label"] == ["x", "tie", "y"]
    assert found.columns["tied"].tolist() == [0, 1, 0]
    assert found.columns["votes"].tolist() == [2, 2, 1]
    assert found.columns["p_x"].tolist() == [1, 0.5, 0]
    assert (found.parameters["tasks"], found.parameters["workers"], found.parameters["tied_tasks"]) == (3, 2, 1)


def test_ranks_follow_scores_and_weights_sum_to_one(report):
    found = report("bradley_terry", LADDER)

    assert found.columns["item"] == ["a", "b", "c"]
    assert found.columns["rank"].tolist() == [1, 2, 3]
    # On a chain each step is the log odds of its own votes: two to one.
    assert np.diff(found.columns["score"]) == pytest.approx([-np.log(2), -np.log(2)], abs=1e-6)
    assert found.columns["weight"] == pytest.approx([4 / 7, 2 / 7, 1 / 7], abs=1e-6)
    assert found.columns["wins"].tolist() == [2, 3, 1]
    assert found.columns["losses"].tolist() == [1, 3, 2]
    assert found.columns["win_rate"].tolist() == pytest.approx([2 / 3, 1 / 2, 1 / 3])
    assert found.notes == []


@pytest.mark.parametrize("method", ["bradley_terry", "noisy_bradley_terry"])
def test_groups_that_were_never_compared_are_ranked_apart(report, method):
    found = report(method, ISLANDS, "--split")

    assert found.parameters["groups"] == 2
    assert found.columns["group"].tolist() == [0, 0, 1, 1] or found.columns["group"].tolist() == [1, 1, 0, 0]
    assert sorted(found.columns["rank"].tolist()) == [1, 1, 2, 2]
    weights = np.array(found.columns["weight"])
    assert (weights[:2].sum(), weights[2:].sum()) == pytest.approx((1, 1))
    assert len(found.notes) == 1


def test_a_run_cut_short_is_noted(report):
    found = report("noisy_bradley_terry", LADDER, "--iterations", "1")

    assert found.parameters["iterations"] == 1
    assert not found.parameters["converged"]
    assert len(found.notes) == 1


def test_only_tasks_of_the_truth_are_scored(report, tmp_path):
    truth = tmp_path / "truth.csv"
    truth.write_text("task,truth\n1,y\n3,y\nelsewhere,x\n")

    found = report("majority", SPLIT_VOTE, "--truth", str(truth))

    assert found.parameters["scored_tasks"] == 2
    assert found.parameters["acc_ties_wrong"] == found.parameters["acc_ties_right"] == 0.5


def test_an_items_side_effect_has_no_p_value_of_its_own(report):
    found = report("position_bias", LADDER)

    scopes = np.array(found.columns["scope"])
    assert np.isnan(found.columns["p_value"][scopes == "item"]).all()
    assert not np.isnan(found.columns["p_value"][scopes != "item"]).any()
    assert set(found.parameters["side_effect"]) == {"a", "b", "c"}
