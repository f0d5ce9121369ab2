"""`leaderboard` of a file of votes: its columns, its matrices, clusters, weights, and what it says is missing."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

from annotator.consensus.__main__ import main
from tests.consensus.campaigns import campaign

ITEMS = ["alpha", "beta", "gamma", "delta"]
SCORE = np.array([-0.6, 0.8, 0.1, -0.3])
COLUMNS = ["item", "score", "lower", "upper", "rank_lower", "rank_upper", "p_first"]
SIDES = ["left", "right", "tie"]


@pytest.fixture
def votes():
    return campaign(1, SCORE, prompts=30, people=30, votes=3)


@pytest.fixture
def write(tmp_path, votes):
    def write(*columns: str, swaps: bool = True, **more):
        path = tmp_path / "votes.csv"
        known = {
            "worker": [f"w{code}" for code in votes.annotator],
            "left": [ITEMS[code] for code in votes.left],
            "right": [ITEMS[code] for code in votes.right],
            "winner": [SIDES[code] for code in votes.winner],
            "prompt": votes.prompt.tolist(),
            "task": votes.pair.tolist(),
            **more,
        }
        names = ["worker", "left", "right", "winner", *columns]
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(names)
            writer.writerows(zip(*(known[name] for name in names), strict=True))
        return path

    return write


@pytest.fixture
def run(capfdbinary, tmp_path):
    def run(*arguments):
        status = main(["leaderboard", *map(str, arguments), "--json", str(tmp_path / "parameters.json")])
        out, err = capfdbinary.readouterr()
        assert status == 0, err
        rows = list(csv.DictReader(io.StringIO(out.decode())))
        return rows, json.loads((tmp_path / "parameters.json").read_text())

    return run


def test_it_writes_a_row_per_item_best_first_and_the_matrix_in_that_order(write, run):
    rows, parameters = run(write("prompt", "task"))
    assert list(rows[0]) == COLUMNS
    assert [row["item"] for row in rows] == ["beta", "gamma", "delta", "alpha"] == parameters["items"]
    scores = [float(row["score"]) for row in rows]
    assert sum(scores) == pytest.approx(0, abs=1e-9)
    assert all(float(row["lower"]) < float(row["score"]) < float(row["upper"]) for row in rows)
    assert all(int(row["rank_lower"]) <= place <= int(row["rank_upper"]) for place, row in enumerate(rows, 1))
    assert sum(float(row["p_first"]) for row in rows) == pytest.approx(1)
    beats = parameters["p_beats"]
    assert beats[0][0] is None
    assert beats[0][1] == pytest.approx(1 / (1 + np.exp(scores[1] - scores[0])))
    assert beats[1][0] == pytest.approx(1 - beats[0][1])
    assert parameters["p_beats_lower"][0][1] < beats[0][1] < parameters["p_beats_upper"][0][1]
    assert parameters["p_above"][0][3] > 0.95
    assert parameters["clusters"] == {"prompt": 30, "worker": 30}


def test_it_says_how_many_votes_each_neighbour_is_ahead(write, run):
    _, parameters = run(write("prompt", "task"))
    changes = parameters["order_changes"]
    assert [(change["upper"], change["lower"]) for change in changes] == [
        ("beta", "gamma"),
        ("gamma", "delta"),
        ("delta", "alpha"),
    ]
    assert all(change["votes"] > 0 for change in changes)
    assert changes[0]["share"] == pytest.approx(changes[0]["votes"] / parameters["votes"])


@pytest.mark.parametrize(
    ("option", "clusters"),
    [
        ("both", {"prompt": 30, "worker": 30}),
        ("prompt,worker", {"prompt": 30, "worker": 30}),
        ("worker", {"worker": 30}),
        ("prompt", {"prompt": 30}),
        ("pair", {"pair": 180}),
        ("none", {}),
    ],
)
def test_clusters_can_be_chosen(write, run, option, clusters):
    _, parameters = run(write("prompt", "task"), "--cluster", option)
    assert parameters["clusters"] == clusters


def test_independent_votes_give_shorter_intervals_and_it_says_so(write, run):
    path = write("prompt", "task")
    both, none = run(path)[0], run(path, "--cluster", "none")
    assert float(none[0][0]["upper"]) < float(both[0]["upper"])
    assert any("independent" in note for note in none[1]["notes"])


@pytest.mark.parametrize(("columns", "clusters"), [((), {"worker": 30}), (("task",), {"pair": 180, "worker": 30})])
def test_without_prompts_it_takes_what_there_is_and_says_so(write, run, columns, clusters):
    _, parameters = run(write(*columns))
    assert parameters["clusters"] == clusters
    assert any("no prompt column" in note for note in parameters["notes"])


def test_both_ways_to_take_ties_are_there(write, run):
    path = write("prompt", "task")
    _, half = run(path)
    _, davidson = run(path, "--ties", "davidson")
    assert half["ties"] == "half"
    assert half["davidson"]["tie_parameter"] > 0
    assert isinstance(half["davidson"]["differs"], bool)
    assert davidson["half"]["tie_parameter"] == pytest.approx(half["davidson"]["tie_parameter"])
    assert half["tied_votes"] > 0


def test_only_the_first_votes_of_each_pair_count_if_asked(write, run):
    _, parameters = run(write("prompt", "task"), "--first", "2")
    assert parameters["votes"] == 360
    assert parameters["votes_left_out"] == 180


def test_pairs_that_were_drawn_less_often_weigh_more(write, run, votes):
    drawn = np.where((votes.left == 0) | (votes.right == 0), 0.2, 1.0)
    path = write("prompt", "task", drawn=drawn.tolist())
    plain, _ = run(path)
    rows, parameters = run(write("prompt", "task", "drawn", drawn=drawn.tolist()), "--inclusion", "drawn")
    assert parameters["input"]["columns"]["inclusion"] == "drawn"
    assert rows[0]["score"] != plain[0]["score"]


def fails(arguments, capfd):
    try:
        status = main([str(argument) for argument in arguments])
    except SystemExit as error:
        status = error.code
    assert status == 2
    return capfd.readouterr().err


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        ((), ["--cluster", "prompt"], "no column prompt"),
        (("prompt",), ["--cluster", "colour"], "prompt, worker, pair"),
        (("prompt",), ["--cluster", "prompt,worker,pair"], "one or two"),
        (("prompt",), ["--ties", "drop"], "half a win"),
        (("prompt",), ["--first", "0"], "1 or more"),
        (("prompt",), ["--inclusion", "prompt"], "above 0"),
        (("prompt",), ["--inclusion", "chance"], "no column chance"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(write, capfd, columns, options, message):
    err = fails(["leaderboard", write(*columns), *options], capfd)
    assert message in err
    assert err.count("\n") == 1


def test_items_that_were_never_compared_are_named(tmp_path, capfd):
    path = tmp_path / "votes.csv"
    path.write_text("worker,left,right,winner\nx,a,b,left\ny,b,a,left\nx,c,d,left\ny,d,c,left\n")
    assert "never compared" in fails(["leaderboard", path], capfd)
