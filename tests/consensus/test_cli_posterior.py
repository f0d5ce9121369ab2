"""`posterior` on a file of votes: the columns in their order, and the prior and the annotators in the JSON."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

from annotator.consensus.__main__ import main
from tests.consensus.populations import splits, votes_in_order


def run(tmp_path, text: str, *arguments: str):
    path, out, parameters = (tmp_path / name for name in ("votes.csv", "out.csv", "out.json"))
    path.write_text(text)
    assert main(["posterior", str(path), "--out", str(out), "--json", str(parameters), *arguments]) == 0
    return list(csv.reader(io.StringIO(out.read_text()))), json.loads(parameters.read_text())


def labels_of(seed: int, *, n_pairs: int, votes: int) -> str:
    split, _ = splits(seed, "bimodal", n_pairs=n_pairs, n_choices=2)
    choices = votes_in_order(seed + 1, split, votes)
    rows = [f"{task},w{place},{'xy'[choice]}" for task, row in enumerate(choices) for place, choice in enumerate(row)]
    return "\n".join(["task,worker,label", *rows])


def test_labels_have_a_share_and_a_confidence_of_their_own(tmp_path):
    rows, parameters = run(tmp_path, labels_of(1, n_pairs=300, votes=3))

    assert rows[0] == ["task", "label", "share", "confidence", "p_x", "p_y"]
    table = {row[0]: row for row in rows[1:]}
    assert len(table) == 300
    shares = np.array([float(row[2]) for row in table.values()])
    confidence = np.array([float(row[3]) for row in table.values()])
    assert set(np.round(shares, 3)) == {0.667, 1.0}
    assert np.all(confidence < 1)
    assert confidence[shares > 0.9].min() > confidence[shares < 0.9].max()
    assert np.array([[float(cell) for cell in row[4:]] for row in table.values()]).sum(axis=1) == pytest.approx(1)
    prior = parameters["prior"]
    assert prior["mean_split"].keys() == {"x", "y"}
    assert prior["fitted_to_tasks"] == prior["with_two_votes_or_more"] == 300
    assert 0 < prior["nearly_even_pairs"] < 1
    assert prior["concentration"] > 0
    assert parameters["mean_confidence"] == pytest.approx(confidence.mean())
    assert (parameters["votes"], parameters["tasks"], parameters["workers"]) == (900, 300, 3)
    assert parameters["annotators"]["model"] == "alike"


def test_comparisons_name_the_two_items(tmp_path):
    votes = "task,worker,left,right,winner\n1,u,p,q,left\n1,v,q,p,right\n1,w,p,q,tie\n2,u,r,q,right\n2,v,q,r,right\n"

    rows, parameters = run(tmp_path, votes)

    assert rows[0] == ["task", "a", "b", "label", "share", "confidence", "p_a", "p_b", "p_tie"]
    assert [row[:5] for row in rows[1:]] == [["1", "p", "q", "a", "0.6666666666666666"], ["2", "q", "r", "tie", "0.5"]]
    assert float(rows[2][6]) == pytest.approx(float(rows[2][7]))
    assert parameters["choices"] == ["a", "b", "tie"]


def test_somebody_who_always_takes_the_left_is_named(tmp_path):
    rng = np.random.default_rng(3)
    rows = ["task,worker,left,right,winner"]
    for task in range(400):
        better = rng.integers(0, 2)
        for worker in range(5):
            left = rng.integers(0, 2)
            picks_left = worker == 0 or (left == better) == (rng.random() < 0.85)
            rows.append(f"{task},w{worker},{'pq'[left]},{'pq'[1 - left]},{'left' if picks_left else 'right'}")

    _, parameters = run(tmp_path, "\n".join(rows))

    annotators = parameters["annotators"]
    assert annotators["model"] == "kinds"
    assert list(annotators["unlike_most"]) == ["w0"]
    assert annotators["unlike_most"]["w0"] == {"votes": 400, "weight": 0.0, "otherwise": "left"}
    assert annotators["held_out_gain"] > 2 * annotators["held_out_gain_standard_error"]


def test_one_vote_a_task_is_said_to_tell_nothing_of_agreement(tmp_path):
    rows, parameters = run(tmp_path, "task,worker,label\n1,u,x\n2,u,y\n3,u,x\n")

    assert all(0.5 < float(row[3]) < 0.8 for row in rows[1:])
    assert any("No task has two votes" in note for note in parameters["notes"])


def test_no_votes_are_no_tasks(tmp_path):
    rows, parameters = run(tmp_path, "task,worker,label\n")

    assert rows == [["task", "label", "share", "confidence"]]
    assert parameters["mean_confidence"] is None
