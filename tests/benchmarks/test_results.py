import json

import pytest

from benchmarks.support.results import median_row, provenance, read_rows, rounded, write_rows


def test_a_row_has_the_median_of_each_figure():
    rounds = [
        {"pairs": 1_000, "mode": "page", "votes_per_s": rate, "hot": share, "by_table": {"vote": rate / 2}}
        for rate, share in ((300.0, None), (100.0, 0.5), (200.123456, None))
    ]
    assert median_row(rounds) == {"pairs": 1_000, "mode": "page", "votes_per_s": 200.1, "hot": 0.5, "by_table": {"vote": 100.1}}


def test_a_figure_that_no_round_has_is_none():
    assert median_row([{"hot": None}, {"hot": None}]) == {"hot": None}


@pytest.mark.parametrize(("value", "shown"), [(2.0, 2), (0.123456, 0.1235), (123_456.7, 123_500), (0, 0)])
def test_figures_have_four_digits(value, shown):
    assert rounded(value) == shown


def test_rows_are_written_as_a_list_with_an_object_a_row(tmp_path, capsys):
    file = tmp_path / "results" / "votes.json"
    rows = [{"pairs": 1_000, "votes_per_s": 250}, {"pairs": 10_000, "votes_per_s": 240}]
    write_rows(file, rows)

    assert json.loads(file.read_text()) == rows
    assert read_rows(file) == rows
    assert str(file) in capsys.readouterr().out


def test_a_file_of_something_else_is_refused(tmp_path):
    file = tmp_path / "votes.json"
    file.write_text('{"pairs": 1000}')

    with pytest.raises(ValueError, match=r"votes\.json must be a JSON list"):
        read_rows(file)


def test_every_row_says_when_of_what_and_where():
    assert set(provenance()) == {"date", "commit", "machine", "load"}
    assert "cores" in provenance()["machine"]
