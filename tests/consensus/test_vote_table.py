"""Votes from a file, as codes and names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from annotator.consensus.bradley_terry import LEFT, RIGHT, TIE
from annotator.consensus.vote_table import BadInput, Column, Table


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "votes.csv"
        path.write_text(text)
        return path

    return write


def names_of(column: Column) -> list[str]:
    """The cells of a column, in the order of the votes."""
    return [column.names[code] for code in column.codes.tolist()]


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("task,worker,label\n", "labels"),
        ("item\trater\trating\n", "labels"),
        ("worker;Left;RIGHT;winner\n", "comparisons"),
        ("1,2,,3\n2,2,1,\n", "matrix"),
        ("task,worker,label,left,right,winner\n", "comparisons"),  # sides say more than a label does
    ],
)
def test_the_header_tells_what_the_votes_are(written, text, form):
    assert Table(written(text)).form == form


def test_labels_keep_the_order_of_the_votes_and_sort_the_names(written):
    text = "annotator,pair,choice,comment\nzoe, 10 ,b,fine\n ana,9,a,\nzoe,9,b,\n"

    table = Table(written(text))
    votes = table.labels(repeats="auto")

    assert (names_of(votes.task), names_of(votes.worker), names_of(votes.choice)) == (
        ["10", "9", "9"],
        ["zoe", "ana", "zoe"],
        ["b", "a", "b"],
    )
    assert (votes.task.names, votes.worker.names, votes.choice.names) == (["9", "10"], ["ana", "zoe"], ["a", "b"])
    assert votes.pair is None
    assert table.used == {"task": "pair", "worker": "annotator", "label": "choice"}


def test_a_first_vote_left_out_takes_its_names_with_it(written):
    text = "task,worker,label\nt,u,x\nt,u,y\nt,v,x\n"

    first, every = (Table(written(text)).labels(repeats=repeats) for repeats in ("first", "all"))

    assert (names_of(first.choice), first.choice.names) == (["x", "x"], ["x"])
    assert (names_of(every.choice), every.choice.names) == (["x", "y", "x"], ["x", "y"])
    assert (first.repeats.number, first.repeats.left_out) == (1, True)
    assert (every.repeats.number, every.repeats.left_out) == (1, False)


def test_comparisons_become_choices_on_the_pair_whatever_the_sides_were(written):
    text = "worker,left,right,winner\nu,cat,ape,left\nv,ape,cat,left\nw,cat,ape,tie\nu,cat,dog,right\n"

    compared = Table(written(text)).comparisons(repeats="auto")
    labelled = Table(written(text)).labels(repeats="auto")

    assert compared.items == ["ape", "cat", "dog"]
    assert compared.left.tolist() == [1, 0, 1, 1]
    assert compared.right.tolist() == [0, 1, 0, 2]
    assert compared.winner.tolist() == [LEFT, LEFT, TIE, RIGHT]
    assert labelled.pair == ([], ["ape", "cat"], ["cat", "dog"])
    assert names_of(labelled.task) == ["ape / cat", "ape / cat", "ape / cat", "cat / dog"]
    assert names_of(labelled.choice) == ["b", "a", "tie", "b"]


def test_an_empty_cell_is_a_fault_or_is_left_out(written):
    path = written("task,worker,label,comment\nt,u,x,\nt,v,,\ns,,y,\n")

    with pytest.raises(BadInput):
        Table(path).labels(repeats="auto")
    table = Table(path, skip_empty=True)
    votes = table.labels(repeats="auto")

    assert (names_of(votes.task), table.skipped) == (["t"], 2)
    assert (votes.task.names, votes.worker.names, votes.choice.names) == (["t"], ["u"], ["x"])


COMPARED = "worker,left,right,winner\nu,a,b,left\nv,c,c,left\nw,a,b,middle\nw,a,b\nw,,b,left\nx,b,a,TIE\n"


def test_rows_that_are_no_comparisons_are_left_out_with_their_names(written):
    table = Table(written(COMPARED), skip_invalid=True)
    votes = table.comparisons(repeats="auto")

    assert votes.items == ["a", "b"]  # c is compared with nothing but itself
    assert (names_of(votes.worker), votes.winner.tolist()) == (["u", "x"], [LEFT, TIE])
    assert table.invalid == {"unknown winner": 1, "item compared with itself": 1, "wrong number of cells": 1}
    assert table.skipped == 1


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("worker,left,right,winner\nu,a,b,left\nv,c,c,left\n", "line 3: column right is the same as left"),
        ("worker,left,right,winner\nu,a,b,left\nw,a,b,middle\n", "line 3: column winner is 'middle'"),
        ("worker,left,right,winner\nu,a,b,left\nw,a,b\n", "line 3: has 3 cells, but the header has 4"),
    ],
)
def test_without_leave_such_rows_are_faults_with_their_line(written, text, complaint):
    with pytest.raises(BadInput, match=complaint):
        Table(written(text)).comparisons(repeats="auto")


def test_rows_of_labels_and_of_a_matrix_that_are_too_short_or_too_long(written):
    labelled = Table(written("task,worker,label\nt,u\nt,v,x\nt,w,x,y\n"), skip_invalid=True)
    assert names_of(labelled.labels(repeats="auto").worker) == ["v"]
    assert labelled.invalid == {"wrong number of cells": 2}
    table = Table(written("1,2,3,1\n1,2\n2,2,,1\n"), skip_invalid=True)
    votes = table.labels(repeats="auto")
    assert votes.worker.names == ["1", "3"]  # the rows of the file
    assert table.invalid == {"wrong number of cells": 1}


def test_a_prompt_is_kept_with_each_comparison_and_the_truth_with_its_task(written):
    compared = Table(written("worker,left,right,winner,prompt\nu,a,b,left,q\nu,b,a,tie,p\n")).comparisons(repeats="auto")
    assert compared.prompt is not None
    assert names_of(compared.prompt) == ["q", "p"]

    assert Table(written("task,gold\n2,b\n1,a\n")).truth() == (["2", "1"], ["b", "a"])


def test_a_matrix_holds_no_comparisons(written):
    with pytest.raises(BadInput):
        Table(written("1,2\n2,1\n")).comparisons(repeats="auto")
