"""The methods that infer labels and annotators from one another, from a file."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

from annotator.consensus.__main__ import main
from tests.consensus.simulated import coins, voted

EVEN = np.full(3, 1 / 3)


@pytest.fixture
def infer(tmp_path, capfdbinary):
    """The rows, the parameters and the accuracy by the file of truths."""

    def run(method: str, truth, task, annotator, choice, *arguments: str):
        votes, key = tmp_path / "votes.csv", tmp_path / "truth.csv"
        rows = zip(task.tolist(), annotator.tolist(), choice.tolist(), strict=True)
        votes.write_text("task,worker,label\n" + "".join(f"t{i},w{j},{'xyz'[k]}\n" for i, j, k in rows))
        key.write_text("task,truth\n" + "".join(f"t{i},{'xyz'[k]}\n" for i, k in enumerate(truth.tolist())))
        assert main([method, str(votes), "--truth", str(key), *arguments]) == 0
        out, err = capfdbinary.readouterr()
        return list(csv.DictReader(io.StringIO(out.decode()))), json.loads(err)

    return run


def crowd(seed: int = 1):
    accuracy = np.linspace(0.4, 0.97, 20)
    return accuracy, voted(seed, coins(accuracy, 3), n_tasks=300, votes=6, shares=EVEN)


@pytest.mark.parametrize("method", ["one_coin", "mace", "dawid_skene"])
def test_labels_are_good_and_annotators_are_told_apart(infer, method):
    accuracy, columns = crowd()
    rows, parameters = infer(method, *columns)
    assert list(rows[0]) == ["task", "label", "tied", "confidence", "p_x", "p_y", "p_z"]
    assert parameters["acc_ties_wrong"] > 0.85
    assert parameters["converged"] is True
    assert parameters["log_likelihood"] < 0
    found = [parameters["annotators"][f"w{j}"]["accuracy"] for j in range(20)]
    assert np.corrcoef(found, accuracy)[0, 1] > 0.9
    assert sum(person["votes"] for person in parameters["annotators"].values()) == 1800


def test_each_method_shows_its_own_parameters(infer):
    _, columns = crowd()
    assert set(infer("one_coin", *columns)[1]["annotators"]["w0"]) == {"votes", "accuracy"}
    parameters = infer("mace", *columns)[1]
    assert set(parameters["annotators"]["w0"]) == {"votes", "competence", "accuracy", "strategy"}
    assert sum(parameters["annotators"]["w0"]["strategy"].values()) == pytest.approx(1)
    assert (parameters["variant"], parameters["restarts"], parameters["seed"]) == ("vb", 10, 0)
    assert "bound" in parameters
    assert "log_posterior" in infer("mace", *columns, "--variant", "em")[1]


def test_mace_is_the_same_for_the_same_seed(infer):
    _, columns = crowd()
    assert infer("mace", *columns, "--seed", "3") == infer("mace", *columns, "--seed", "3")


@pytest.mark.parametrize("method", ["one_coin", "mace", "dawid_skene"])
def test_a_run_cut_short_says_so(infer, method):
    _, columns = crowd()
    parameters = infer(method, *columns, "--iterations", "2")[1]
    assert parameters["converged"] is False
    assert parameters["iterations"] == 2
    assert any("Not converged" in note for note in parameters["notes"])


def test_auto_says_what_it_chose_and_why(infer):
    _, columns = crowd()
    rows, parameters = infer("auto", *columns)
    assert parameters["chosen"] == "one_coin"
    figures = {name: row["log_likelihood_per_vote"] for name, row in parameters["held_out"].items()}
    assert max(figures, key=figures.get) == "one_coin"
    assert set(figures) == {"majority", "one_coin", "mace", "dawid_skene"}
    assert parameters["held_out_votes"] == 1800
    assert parameters["reason"] in parameters["notes"]
    alone, _ = infer("one_coin", *columns, "--smoothing", "0.1")
    assert rows == alone


def test_auto_takes_the_majority_where_everybody_is_alike(infer):
    columns = voted(1, coins(np.full(20, 0.7), 3), n_tasks=200, votes=5, shares=EVEN)
    rows, parameters = infer("auto", *columns)
    assert parameters["chosen"] == "majority"
    alone, _ = infer("majority", *columns)
    assert [row["label"] for row in rows] == [row["label"] for row in alone]
    assert parameters["tied_tasks"] > 0
