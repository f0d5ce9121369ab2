"""What pairs become in the rows of many configs."""

from __future__ import annotations

import hashlib

import pyarrow as pa

from annotator.releasing.dataset.pair_rows import decided, first_and_second, on_question, repeated, voted, won_and_lost


def labelled(*pairs: tuple[int | None, int, bool, str | None]) -> pa.RecordBatch:
    """Of pairs by their label, votes, whether they are held, and which images are gone."""
    labels, votes, held, gone = map(list, zip(*pairs, strict=True))
    names = {slot: [hashlib.sha256(f"{slot}{place}".encode()).hexdigest() for place in range(len(pairs))] for slot in "ab"}
    columns = {"label": labels, "n_votes": votes, "is_held": held, "taken_down": pa.array(gone, pa.string())}
    return pa.record_batch({**columns, "sha256_a": names["a"], "sha256_b": names["b"], "label_beauty": labels[::-1]})


def test_decided_and_voted_leave_out_what_is_held_gone_or_open():
    pairs = labelled((0, 2, False, None), (4, 2, False, None), (None, 0, False, None), (1, 1, True, None), (1, 1, False, "b"))
    assert decided(pairs)["label"].to_pylist() == [0]
    assert voted(pairs)["label"].to_pylist() == [0, 4]


def test_the_image_that_comes_first_is_drawn_by_the_hashes_and_not_by_who_won():
    won_by_a, won_by_b = (labelled(*[(winner, 1, False, None)] * 60) for winner in (0, 1))
    firsts = [first_and_second(pairs)[0]("sha256").to_pylist() for pairs in (won_by_a, won_by_b)]
    assert firsts[0] == firsts[1]
    stays = sum(first == a for first, a in zip(firsts[0], won_by_a["sha256_a"].to_pylist(), strict=True))
    assert 15 < stays < 45
    winners, losers = (pick("sha256").to_pylist() for pick in won_and_lost(won_by_b))
    assert (winners, losers) == (won_by_b["sha256_b"].to_pylist(), won_by_b["sha256_a"].to_pylist())


def test_another_question_takes_the_place_of_the_primary_one():
    pairs = labelled((0, 2, False, None), (1, 2, False, None))
    assert on_question(pairs, "_beauty")["label"].to_pylist() == [1, 0]
    assert on_question(pairs, "")["label"].to_pylist() == [0, 1]


def test_rows_are_repeated_and_each_knows_which_it_is():
    rows, nth = repeated(labelled((0, 2, False, None), (1, 0, False, None), (4, 1, False, None)), pa.array([2, 0, 1]))
    assert (rows["label"].to_pylist(), nth.tolist()) == ([0, 0, 4], [0, 1, 0])
