"""Alpha of a file: its level, its first votes, and whole prompts for its interval."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from annotator.consensus.__main__ import main
from annotator.consensus.agreement import Level, krippendorff_alpha_of_counts
from annotator.consensus.cli_agreement import ordered
from annotator.consensus.vote_table import BadInput
from tests.consensus.published import UNITS

MATRIX = "\n".join(",".join(mark.replace(".", "") for mark in row) for row in UNITS)
# Three tasks of two prompts: the first votes agree on one task of three, all votes on more.
FIVE = "task,worker,label,prompt\n1,u,a,p\n2,u,a,p\n1,v,b,p\n3,u,b,q\n2,v,a,p\n3,v,a,q\n1,w,a,p\n3,w,b,q\n1,x,a,p\n3,x,b,q\n"


@pytest.fixture
def alpha(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    def run(text: str, *arguments: str) -> dict:
        path = tmp_path / "votes.csv"
        path.write_text(text)
        assert main(["krippendorff_alpha", str(path), "--bootstrap", "200", *arguments]) == 0
        return json.loads(capfd.readouterr().err)

    return run


def test_the_level_is_asked_for(alpha):
    assert alpha(MATRIX)["alpha"] == pytest.approx(0.743, abs=5e-4)
    ordinal = alpha(MATRIX, "--level", "ordinal")
    assert ordinal["alpha"] == pytest.approx(0.815, abs=5e-4)
    assert (ordinal["level"], ordinal["order"]) == ("ordinal", ["1", "2", "3", "4", "5"])


def test_ties_of_comparisons_are_between_the_two_items(alpha):
    text = "task,worker,left,right,winner\n1,u,x,y,left\n1,v,y,x,tie\n2,u,x,y,right\n2,v,x,y,right\n3,u,x,y,left\n3,v,x,y,right\n"
    counts = [[1, 1, 0], [0, 0, 2], [1, 0, 1]]  # x, tie, y
    found = alpha(text, "--level", "ordinal")
    assert found["alpha"] == pytest.approx(krippendorff_alpha_of_counts(counts, level=Level.ORDINAL).alpha)
    assert found["order"] == ["a", "tie", "b"]


def test_the_first_votes_are_those_that_come_first_in_the_file(alpha):
    every, first = alpha(FIVE), alpha(FIVE, "--first", "2")
    assert (every["votes_on_those"], first["votes_on_those"], first["first"]) == (10, 6, 2)
    assert first["alpha"] == pytest.approx(krippendorff_alpha_of_counts([[1, 1], [2, 0], [1, 1]]).alpha)
    assert "Tasks have from 2 to 4 votes" in every["notes"][-1]
    assert first["notes"] == []


def test_the_interval_is_over_prompts_where_the_file_has_them(alpha):
    found = alpha(FIVE)
    assert (found["interval_over"], found["prompts"]) == ("prompts", 2)
    renamed = FIVE.replace("prompt", "text", 1)
    assert (alpha(renamed)["interval_over"], alpha(renamed)["prompts"]) == ("tasks", None)
    assert alpha(renamed, "--prompt", "text")["interval_over"] == "prompts"


def test_tasks_under_several_prompts_are_drawn_by_themselves(alpha):
    text = "worker,left,right,winner,prompt\nu,x,y,left,p\nv,x,y,left,q\nu,x,z,left,p\nv,x,z,right,p\n"
    found = alpha(text)
    assert found["interval_over"] == "tasks"
    assert "votes under several prompts" in found["notes"][0]


def test_copies_of_tasks_under_their_prompt_do_not_narrow_the_interval(alpha):
    rng = np.random.default_rng(0)
    answers = rng.choice(["a", "b"], (40, 2))

    def votes_of(copies: int) -> str:
        rows = (
            f"{task}.{copy},{worker},{answers[task, worker]},{task}"
            for task in range(40)
            for copy in range(copies)
            for worker in range(2)
        )
        return "task,worker,label,prompt\n" + "\n".join(rows) + "\n"

    one, ten = alpha(votes_of(1)), alpha(votes_of(10))
    assert ten["upper"] - ten["lower"] == pytest.approx(one["upper"] - one["lower"], rel=0.2)


@pytest.mark.parametrize(
    ("names", "order", "places", "levels"),
    [
        (["2", "10", "30"], None, [0, 1, 2], ["2", "10", "30"]),
        (["a", "b", "both_bad", "both_good"], None, [0, 2, 1, 1], ["a", "both_bad or both_good", "b"]),
        (["left", "right"], None, [0, 2], ["left", "", "right"]),
        (["bad", "fine"], "bad, so so, fine", [0, 2], ["bad", "so so", "fine"]),
    ],
)
def test_labels_have_an_order(names, order, places, levels):
    place, found = ordered(names, order)
    assert (place.tolist(), found) == (places, levels)


@pytest.mark.parametrize(
    ("names", "order", "words"),
    [
        (["bad", "fine"], None, "order of the labels is not known"),
        (["bad", "fine"], "fine", "bad is missing"),
        (["bad", "fine"], "fine,bad,fine", "fine is there twice"),
    ],
)
def test_an_order_that_is_not_known_is_asked_for(names, order, words):
    with pytest.raises(BadInput, match=words):
        ordered(names, order)


@pytest.mark.parametrize("arguments", [["--first", "0"], ["--level", "ratio"]])
def test_what_is_no_level_or_number_is_refused(tmp_path, arguments, capfd):
    (tmp_path / "votes.csv").write_text(FIVE)
    with pytest.raises(SystemExit) as end:
        main(["krippendorff_alpha", str(tmp_path / "votes.csv"), *arguments])
    assert end.value.code == 2
    assert capfd.readouterr().err.startswith("error: argument --")
