"""The public entry: files in, a CSV and a JSON out, and one sentence for each fault of a file."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from annotator.consensus.__main__ import main
from tests.consensus.published import BASEBALL, OBSERVERS, PATIENTS, TEAMS, UNITS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(tmp_path, capfdbinary):
    """Puts a file through a method; returns the rows and the parameters."""

    def run_method(method: str, text: str | bytes, *arguments: str):
        path = tmp_path / "votes.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        status = main([method, str(path), *arguments])
        out, err = capfdbinary.readouterr()
        assert status == 0, err.decode()
        return list(csv.DictReader(io.StringIO(out.decode()))), json.loads(err)

    return run_method


@pytest.fixture
def fault(tmp_path, capfdbinary):
    """The one line that a file is refused with, without its name."""

    def refused(method: str, text: str | bytes, *arguments: str) -> str:
        path = tmp_path / "votes.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        try:
            status = main([method, str(path), *arguments])
        except SystemExit as error:
            status = error.code
        out, err = capfdbinary.readouterr()
        assert status == 2
        assert out == b""
        (line,) = err.decode().splitlines()
        return line.replace(str(path), "votes.csv")

    return refused


# --- published tables


def ratings(occasions: bool) -> str:
    rows = ["patient,observer,occasion,label" if occasions else "task,worker,label"]
    for patient, marks in enumerate(PATIENTS, 1):
        for at, mark in enumerate(marks):
            occasion = [at + 1 if at < 3 else 1] if occasions else []
            rows.append(",".join(map(str, [patient, OBSERVERS[at] + 1, *occasion, mark])))
    return "\n".join(rows)


def test_occasions_make_votes_of_one_observer_different_ones(run):
    rows, parameters = run("dawid_skene", ratings(occasions=True))
    assert parameters["log_likelihood"] == pytest.approx(-192.890881, abs=1e-6)
    assert parameters["class_marginals"]["1"] == pytest.approx(0.399555, abs=1e-6)
    assert parameters["annotators"]["1"]["confusion"][0] == pytest.approx([0.8895, 0.1105, 0, 0], abs=1e-4)
    assert parameters["input"]["repeated_votes"] == 0
    assert [row["task"] for row in rows] == [str(number) for number in range(1, 46)]


def test_repeated_votes_are_reported_and_only_the_first_counts(run):
    _, parameters = run("dawid_skene", ratings(occasions=False))
    assert parameters["votes"] == 225
    assert parameters["input"]["repeated_votes"] == parameters["input"]["repeated_votes_left_out"] == 90
    assert parameters["input"]["repeated_votes_examples"][0] == {"task": "1", "worker": "1"}
    assert parameters["notes"] == ["90 repeated votes by the same worker on a task: only the first counts."]

    _, parameters = run("dawid_skene", ratings(occasions=False), "--repeats", "all")
    assert parameters["log_likelihood"] == pytest.approx(-192.890881, abs=1e-6)


def test_a_matrix_of_observers_and_units(run):
    text = "\n".join(",".join(mark.replace(".", "") for mark in row) for row in UNITS)
    _, parameters = run("alpha", text, "--bootstrap", "200")
    assert parameters["alpha"] == pytest.approx(904 / 1216)
    assert parameters["lower"] < parameters["alpha"] <= parameters["upper"]
    assert parameters["input"]["form"] == "matrix"


def test_comparisons_of_one_worker_all_count_where_no_task_is_named(run):
    lines = ["worker,left,right,winner"]
    for i, row in enumerate(BASEBALL):
        for j, wins in enumerate(row):
            lines += [f"league,{TEAMS[i]},{TEAMS[j]},left"] * int(wins)
    rows, parameters = run("bradley_terry", "\n".join(lines))
    score = {row["item"]: float(row["score"]) for row in rows}
    assert score["Milwaukee"] - score["Baltimore"] == pytest.approx(1.58, abs=0.005)
    assert parameters["votes"] == BASEBALL.sum()
    assert parameters["input"]["repeated_votes"] == BASEBALL.sum() - 21
    assert parameters["input"]["repeated_votes_left_out"] == 0
    assert sum(float(row["weight"]) for row in rows) == pytest.approx(1)


# --- what files look like


@pytest.mark.parametrize(
    "text",
    [
        "task,worker,label\nt1,w1,x\nt1,w2,y\nt2,w1,x\n",
        "\ufefftask,worker,label\r\nt1,w1,x\r\nt1,w2,y\r\nt2,w1,x",
        ' Task ;"WORKER";label\n\nt1;w1;x\nt1; w2;y \n\nt2;w1;"x"\n',
        "note\tlabel\ttask\tannotator_id\n\tx\tt1\tw1\n,\ty\tt1\tw2\n\tx\tt2\tw1\n",
    ],
    ids=["plain", "byte order mark and CRLF", "semicolons, spaces and empty lines", "tabs, other columns, another name"],
)
def test_the_same_votes_in_other_clothes(run, text):
    rows, parameters = run("majority", text)
    found = [(row["task"], row["label"], row["tied"], row["votes"]) for row in rows]
    assert found == [("t1", "tie", "1", "2"), ("t2", "x", "0", "1")]
    assert [parameters[name] for name in ("votes", "tasks", "workers", "tied_tasks")] == [3, 2, 2, 1]


def test_names_may_hold_anything(run):
    rows, _ = run("majority", 'task,worker,label\n"a, ""b""\nc",w,"tie, or not"\n')
    assert (rows[0]["task"], rows[0]["label"], rows[0]["p_tie, or not"]) == ('a, "b"\nc', "tie, or not", "1")


def test_no_name_is_a_formula_in_a_spreadsheet(run):
    names = ["=1+1", "+a", "-a", "@sum(a1)", "-1.5", "+2", "a=1"]
    rows, _ = run("majority", "task,worker,label\n" + "".join(f"{name},w,{name}\n" for name in names))
    expected = ["'=1+1", "'+a", "'-a", "'@sum(a1)", "-1.5", "+2", "a=1"]
    assert sorted(row["task"] for row in rows) == sorted(expected)
    assert sorted(row["label"] for row in rows) == sorted(expected)


def test_numbers_are_sorted_as_numbers_and_stay_as_they_are_written(run):
    assert [row["task"] for row in run("majority", "task,worker,label\n10,w,1\n9,w,1\n")[0]] == ["9", "10"]
    assert [row["task"] for row in run("majority", "task,worker,label\n010,w,1\n9,w,1\n")[0]] == ["010", "9"]


def test_a_column_is_named_by_an_option(run):
    assert run("majority", "q,worker,label\nt,w,x\n", "--task", "q")[0][0]["task"] == "t"


def test_rows_with_empty_cells_are_left_out_when_asked(run):
    _, parameters = run("majority", "task,worker,label\nt,w,\nt,v,x\n", "--skip-empty")
    assert (parameters["votes"], parameters["input"]["rows_left_out_empty"]) == (1, 1)


def test_invalid_rows_are_counted_and_left_out_when_asked(run):
    text = "worker,left,right,winner\nu,a,b,left\nu,b,b,right\nv,a,b,neither\nv,b,a,left\nw,a,b\n"
    rows, parameters = run("bradley_terry", text, "--skip-invalid")
    assert [row["item"] for row in rows] == ["a", "b"]
    assert parameters["votes"] == 2
    assert parameters["input"]["rows_left_out_invalid"] == 3
    assert parameters["input"]["rows_left_out_invalid_because"] == {
        "wrong number of cells": 1,
        "unknown winner": 1,
        "item compared with itself": 1,
    }
    assert any(note.startswith("3 invalid rows ignored (") for note in parameters["notes"])
    _, whole = run("majority", "task,worker,label\nt,w,x\n", "--skip-invalid")
    assert whole["input"]["rows_left_out_invalid"] == 0
    assert whole["notes"] == []


def test_all_sides_of_a_pair_mean_the_same(run):
    text = "worker,left,right,winner\nu,left,right,left\nv,right,left,RIGHT\nw,right,left,tie\n"
    rows, _ = run("majority", text)
    assert [(row["a"], row["b"], row["label"], row["n_a"], row["n_b"], row["n_tie"]) for row in rows] == [
        ("left", "right", "a", "2", "0", "1")
    ]


def test_with_a_task_column_a_worker_counts_once_on_each_pair_of_a_task(run):
    text = "task,worker,left,right,winner\n1,w,x,y,left\n1,w,y,x,left\n2,w,x,y,right\n1,w,x,z,tie\n1,v,y,z,tie\n"
    rows, parameters = run("bradley_terry", text)
    assert (parameters["votes"], parameters["input"]["repeated_votes_left_out"]) == (4, 1)
    assert {row["item"]: row["wins"] for row in rows} == {"x": "1", "y": "1", "z": "0"}


def test_accuracy_against_the_truth_depends_on_what_ties_are_worth(run, tmp_path):
    truth = tmp_path / "truth.csv"
    truth.write_text("task,truth\n1,x\n2,x\n3,y\n9,x\n")
    text = "task,worker,label\n1,u,x\n2,u,x\n2,v,y\n3,u,x\n3,v,z\n4,u,x\n"
    _, parameters = run("majority", text, "--truth", str(truth))
    assert parameters["scored_tasks"] == 3
    assert parameters["tied_scored"] == 2
    assert parameters["acc_ties_wrong"] == pytest.approx(1 / 3)
    assert parameters["acc_ties_random_expected"] == pytest.approx(1.5 / 3)
    assert parameters["acc_ties_right"] == pytest.approx(2 / 3)


COMPARED = "prompt,worker,left,right,winner\np,u,a,b,left\np,u,b,c,left\np,v,c,a,left\nq,v,a,c,tie\n"


def test_every_method_takes_comparisons(run):
    assert run("noisy_bradley_terry", COMPARED)[1]["annotators"]["u"]["votes"] == 2
    rows, parameters = run("position_bias", COMPARED)
    found = [(row["scope"], row["name"], row["taken"]) for row in rows[:3]]
    assert found == [("overall", "", "3"), ("worker", "u", "2"), ("worker", "v", "1")]
    assert parameters["left_rate"]["rate"] == 1.0
    rows, parameters = run("cycles", COMPARED)
    assert parameters["cycles"] == parameters["prompts"]["p"]["cycles"] == 1
    assert parameters["prompts"]["q"]["cycles"] == 0
    assert [(row["scope"], row["prompt"]) for row in rows] == [("overall", ""), ("prompt", "p")]
    assert {(row["first"], row["second"], row["third"], row["margin"]) for row in rows} == {("a", "b", "c", "1")}
    for method in ("majority", "dawid_skene", "one_coin", "mace", "auto", "alpha"):
        assert run(method, COMPARED)[1]["tasks"] == 3


@pytest.mark.parametrize("method", ["majority", "dawid_skene", "one_coin", "mace", "auto", "krippendorff_alpha"])
def test_no_votes_are_no_rows(run, method):
    for text in ("task,worker,label\n", "worker,left,right,winner\n"):
        assert run(method, text)[0] == []


@pytest.mark.parametrize("method", ["bradley_terry", "noisy_bradley_terry", "cycles", "position_bias"])
def test_no_comparisons_are_no_items(run, method):
    rows, parameters = run(method, "worker,left,right,winner\n")
    assert [row for row in rows if row.get("scope") != "overall"] == []
    assert parameters["items"] == 0


def test_what_is_not_defined_is_null_and_said(run):
    _, parameters = run("alpha", "task,worker,label\nt,u,x\nt,v,x\n")
    assert parameters["alpha"] is None
    assert "all votes are the same" in parameters["notes"][0]


def test_files_are_written_where_it_is_told(tmp_path, capfd):
    votes, out, parameters = tmp_path / "votes.csv", tmp_path / "out.csv", tmp_path / "out.json"
    votes.write_text("task,worker,label\nt,w,x\nt,w,y\n")
    assert main(["majority", str(votes), "--out", str(out), "--json", str(parameters)]) == 0
    assert out.read_text().startswith("task,label,tied,votes")
    assert json.loads(parameters.read_text())["method"] == "majority"
    assert capfd.readouterr() == ("", "note: 1 repeated votes by the same worker on a task: only the first counts.\n")


# --- faults


@pytest.mark.parametrize(
    ("method", "text", "line"),
    [
        ("majority", "", "votes.csv: is empty"),
        ("majority", "task,worker,lable\nt,w,x\n", "votes.csv, line 1: has no column label; it has: task, worker, lable"),
        ("bradley_terry", "task,worker,label\nt,w,x\n", "votes.csv, line 1: has no column left; it has: task, worker, label"),
        ("majority", "task,worker,label\nt,w,x\n\nt,v,\n", "votes.csv, line 4: column label is empty"),
        ("majority", "task,worker,label\nt,w,x\nt,v\n", "votes.csv, line 3: has 2 cells, but the header has 3"),
        ("majority", "task,worker,worker,label\nt,w,w,x\n", "votes.csv, line 1: has the column worker twice"),
        ("majority", "1,2,3\n1,3,3\n", "votes.csv, line 1: has no header (task,worker,label); for a matrix, use --matrix"),
        ("alpha", "1,2,3,4\n1,2\n", "votes.csv, line 2: has 2 cells, but the first line has 4"),
        ("majority", b"task,worker,label\nt,w,\xff\n", "votes.csv: is not UTF-8 text"),
        (
            "bradley_terry",
            'worker,left,right,winner\n"w\nw",a,b,left\nw,a,b,b\n',
            "votes.csv, line 4: column winner is 'b'; it must be left, right or tie",
        ),
        (
            "cycles",
            "worker,left,right,winner\nw,a,a,left\n",
            "votes.csv, line 2: column right is the same as left: an item cannot be compared with itself",
        ),
        (
            "bradley_terry",
            "worker,left,right,winner\nw,a,b,tie\nw,c,d,tie\n",
            "votes.csv: the generators fall into 2 groups that were never compared with each other: {a, b}, {c, d}. "
            "Score each group by itself (split), or collect comparisons between them",
        ),
    ],
)
def test_a_fault_is_one_line_that_says_where(fault, method, text, line):
    assert fault(method, text) == f"error: {line}"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--confidence", "1.5"), "1.5 is not between 0 and 1"),
        (("--smoothing", "-1"), "-1 is not 0 or more"),
        (("--bootstrap", "many"), "invalid whole value"),
        (("--task", "nothing"), "has no column nothing"),
        (("--out", "/nowhere/at/all.csv"), "no such file or directory"),
        (("--truth", "/nowhere/at/all.csv"), "no such file or directory"),
    ],
)
def test_options_that_make_no_sense(fault, arguments, complaint):
    assert complaint in fault("majority", "task,worker,label\nt,w,x\n", *arguments)


def test_a_method_that_is_not_there(fault):
    assert "nonsense is not a method; use one of: majority, dawid_skene" in fault("nonsense", "")


def test_a_file_that_is_not_there(tmp_path, capfd):
    assert main(["majority", str(tmp_path / "none.csv")]) == 2
    assert capfd.readouterr().err.endswith("none.csv: no such file or directory\n")


def test_it_runs_without_the_application(tmp_path):
    votes = tmp_path / "votes.csv"
    votes.write_text("task,worker,label\nt,w,x\n")
    code = (
        "import runpy, sys\n"
        f"sys.argv = ['consensus', 'dawid-skene', {str(votes)!r}]\n"
        "try:\n    runpy.run_module('annotator.consensus', run_name='__main__')\n"
        "except SystemExit as end:\n    assert end.code == 0\n"
        "assert not {'django', 'celery', 'psycopg'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "task,label,tied,confidence,p_x"


def test_whoever_reads_may_stop_early(tmp_path):
    votes = tmp_path / "votes.csv"
    votes.write_text("task,worker,label\n" + "".join(f"{task},w,x\n" for task in range(50_000)))
    command = f"{sys.executable} -m annotator.consensus majority {votes} | head -n 1"
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.startswith("task,label")
    assert "Traceback" not in done.stderr
