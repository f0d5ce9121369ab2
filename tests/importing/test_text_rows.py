"""Rows of JSONL and CSV files: their numbers, their values, and those that are refused alone."""

from __future__ import annotations

import csv
import json

import pytest

from annotator.importing import text_rows
from tests.importing.opened import error_of, rows_of, written

# --- JSONL


def test_jsonl_rows_are_numbered_by_line_through_marks_line_ends_and_blank_lines(tmp_path):
    path = written(
        tmp_path / "x.jsonl",
        b'\xef\xbb\xbf{"prompt": "\xc3\xa9"}\r\n\r\n  \n{"prompt": "two\xe2\x80\xa8"}\r\n{"prompt": "three"}',
    )
    assert rows_of(path) == [(1, {"prompt": "é"}), (4, {"prompt": "two\u2028"}), (5, {"prompt": "three"})]


def test_a_bad_jsonl_line_does_not_stop_the_others(tmp_path):
    lines = [b'{"n": 1}', b'{"n": ', b"\xff\xfe", b"[1]", b"5", b'{"n": NaN}', b'{"n": 1, "n": 2}', b'{"n": 2}']
    rows = rows_of(written(tmp_path / "x.jsonl", b"\n".join(lines)))
    assert [number for number, _ in rows] == list(range(1, 9))
    assert (rows[0][1], rows[7][1]) == ({"n": 1}, {"n": 2})
    for (_, reason), words in zip(
        rows[1:7], ["Invalid JSON", "not UTF-8", "not a JSON object", "not a JSON object", "NaN", "appears twice"], strict=True
    ):
        assert words in reason


def test_a_line_that_is_too_long_is_refused_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(text_rows, "MAX_LINE_BYTES", 50)
    path = written(tmp_path / "x.jsonl", '{"n": 1}\n{"n": "' + "x" * 500 + '"}\n{"n": 2}')
    rows = rows_of(path)
    assert [rows[0], rows[2]] == [(1, {"n": 1}), (3, {"n": 2})]
    assert "longer than" in rows[1][1]


def test_too_many_lines_refuse_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(text_rows, "MAX_LINES", 3)
    assert "more than 3 lines" in error_of(written(tmp_path / "x.jsonl", "\n" * 4))


def test_columns_are_renamed(tmp_path):
    path = written(tmp_path / "x.jsonl", '{"prompt": "p", "left": "1", "image_b": "2"}')
    [(_, value)] = rows_of(path, column_map={"image_a": "image_b", "image_b": "left"})
    assert (value["image_a"], value["image_b"]) == ("2", "1")


def test_a_mapped_column_that_is_not_there_refuses_the_file(tmp_path):
    path = written(tmp_path / "x.csv", "prompt,image_a,image_b\n1,2,3\n")
    assert "no column left to use as image_a" in error_of(path, column_map={"image_a": "left"})


# --- CSV


def test_csv_rows_are_numbered_by_the_line_they_start_on(tmp_path):
    path = tmp_path / "x.csv"
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file)  # CRLF
        writer.writerow(["prompt", "image_a", "image_b", "category", "other"])
        writer.writerow(['a "red"\r\ncube, big', "ä.png", "b.png", "", "ignored"])
        file.write("\r\n")
        writer.writerow(["two", "c.png", "d.png", "x"])
    assert rows_of(path) == [
        (2, {"prompt": 'a "red"\r\ncube, big', "image_a": "ä.png", "image_b": "b.png"}),
        (5, {"prompt": "two", "image_a": "c.png", "image_b": "d.png", "category": "x"}),
    ]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_csv_may_be_delimited_otherwise(tmp_path, delimiter):
    text = "image_a;image_b;text\n1,5;2;a\n".replace(";", delimiter)
    assert rows_of(written(tmp_path / "x.csv", text), column_map={"prompt": "text"}) == [
        (2, {"image_a": "1,5", "image_b": "2", "prompt": "a"})
    ]


def test_seeds_in_a_csv_are_numbers_and_parameters_are_json(tmp_path):
    path = written(tmp_path / "x.csv", 'prompt,image_a,image_b,seed_a,seed_b,parameters_a\np,a,b,7,,"{""steps"": 30}"\n')

    assert rows_of(path) == [(2, {"prompt": "p", "image_a": "a", "image_b": "b", "seed_a": 7, "parameters_a": {"steps": 30}})]


def test_cells_of_a_csv_hold_images_and_metadata_as_json(tmp_path):
    images, image = [{"image": "a.png", "seed": 1}, {"image": "b.png"}], {"bytes": "AAAA", "path": None}
    path = tmp_path / "x.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["prompt", "images", "metadata", "image_a"])
        writer.writerow(["p", json.dumps(images), '{"x": 1}', ""])
        writer.writerow(["p", "[", "", ""])
        writer.writerow(["p", "", '{"x": NaN}', ""])
        writer.writerow(["p", "", "", json.dumps(image)])
    rows = rows_of(path)
    assert rows[0] == (2, {"prompt": "p", "images": images, "metadata": {"x": 1}})
    assert "Invalid JSON" in rows[1][1]
    assert "NaN" in rows[2][1]
    assert rows[3] == (5, {"prompt": "p", "image_a": image})


def test_a_bad_csv_row_does_not_stop_the_others(tmp_path):
    lines = [
        b"prompt,image_a,image_b",
        b"ok,1,2",
        b'"broken" quote,1,2',
        b'"never closed,1,2',
        b"caf\xe9,1,2",
        b"too,many,cells,here",
        b'"fine",1,2',
        b"short",
    ]
    rows = rows_of(written(tmp_path / "x.csv", b"\n".join(lines)))
    assert rows[0] == (2, {"prompt": "ok", "image_a": "1", "image_b": "2"})
    assert [number for number, _ in rows] == [2, 3, 4, 5, 6, 7, 8]
    for (_, reason), words in zip(rows[1:5], ["not valid CSV", "not valid CSV", "not UTF-8", "4 cells"], strict=True):
        assert words in reason
    assert rows[5] == (7, {"prompt": "fine", "image_a": "1", "image_b": "2"})
    assert rows[6] == (8, {"prompt": "short"})


def test_quotes_that_never_match_are_given_up_at_last(tmp_path, monkeypatch):
    monkeypatch.setattr(text_rows, "MAX_PUSHED_BACK", 1000)
    path = written(tmp_path / "x.csv", "prompt,image_a,image_b\n" + 'a","\n' * 101)
    assert "do not match" in error_of(path)


def test_a_nul_in_a_csv_reaches_the_line_and_not_the_reader(tmp_path):
    assert rows_of(written(tmp_path / "x.csv", "prompt,image_a,image_b\na\0b,1,2\n"))[0][1]["prompt"] == "a\0b"


def test_a_line_of_too_many_values_is_refused_before_it_is_parsed(tmp_path, monkeypatch):
    monkeypatch.setattr(text_rows, "MAX_VALUES", 1000)
    many = '{"prompt": "p", "metadata": [' + "[]," * 1000 + "1]}\n"
    path = written(tmp_path / "x.jsonl", many + '{"prompt": "q"}\n')
    assert rows_of(path) == [(1, text_rows.TOO_MANY_VALUES), (2, {"prompt": "q"})]
    path = written(tmp_path / "x.csv", "prompt,image_a,image_b\n" + "," * 2000 + "\na,b,c\n")
    assert [number for number, value in rows_of(path) if value == text_rows.TOO_MANY_VALUES] == [2]
    assert "cannot be read" in error_of(written(tmp_path / "y.csv", "," * 2000 + "\nprompt,image_a,image_b\n"))


@pytest.mark.parametrize(("limit", "value"), [("MAX_ROW_LINES", 10), ("MAX_LINE_BYTES", 100)])
def test_a_row_of_a_csv_that_does_not_end_is_given_up(tmp_path, monkeypatch, limit, value):
    monkeypatch.setattr(text_rows, limit, value)
    path = written(tmp_path / "x.csv", 'prompt,image_a,image_b\n"never closed\n' + "a,b,c\n" * 40)
    rows = rows_of(path)
    assert "quotation mark is not closed" in rows[0][1]
    assert rows[1:] == [(number, {"prompt": "a", "image_a": "b", "image_b": "c"}) for number in range(3, 43)]
