import json

import pytest

from benchmarks import report
from benchmarks.report import Results, written

ABOUT = {"date": "2026-01-31", "commit": "abc1234", "machine": "2 cores", "load": 0.4, "rounds": 3}
DOCUMENT = "# Title\n\nBefore.\n\n<!-- results: peers -->\nold\n<!-- end of results -->\n\nAfter.\n"


@pytest.fixture
def results(tmp_path):
    rows = [
        {"pairs": 1_000, "tool": "Diptych", "votes_per_s": 1_004.0, "p50_ms": 8.0, "p95_ms": 19.25, "times": 1},
        {"pairs": 1_000, "tool": "another", "votes_per_s": 38.9, "p50_ms": 200.0, "p95_ms": 400.0, "times": 25.8},
    ]
    (tmp_path / "peers.json").write_text(json.dumps([row | ABOUT for row in rows]))
    return Results(tmp_path)


def test_a_table_is_made_anew_and_the_words_around_it_stay(results):
    text = written(DOCUMENT, results)

    assert text.startswith("# Title\n\nBefore.\n\n<!-- results: peers -->\n")
    assert text.endswith("<!-- end of results -->\n\nAfter.\n")
    assert "| 1,000 | another | 38.9 | 200.0 ms | 400.0 ms | 25.8 × as many |" in text
    assert "Measured on 2026-01-31, commit abc1234, 2 cores; medians of 3 rounds." in text
    assert "busy" not in text
    assert "old" not in text
    assert written(text, results) == text


def test_figures_of_a_busy_machine_are_said_to_be(tmp_path):
    row = {"pairs": 1_000, "tool": "Diptych", "votes_per_s": 20.0, "p50_ms": 8.0, "p95_ms": 9.0, "times": 1}
    (tmp_path / "peers.json").write_text(json.dumps([row | ABOUT | {"load": 24.0}]))

    assert "busy with other work (a load of 24)" in written(DOCUMENT, Results(tmp_path))


def test_a_table_that_does_not_exist_is_named(results):
    with pytest.raises(SystemExit, match="no results named 'peer'"):
        written(DOCUMENT.replace("peers", "peer"), results)


def test_results_that_are_missing_say_how_to_measure_them(tmp_path):
    with pytest.raises(SystemExit, match="make bench-peers ARGS="):
        written(DOCUMENT, Results(tmp_path))


@pytest.mark.parametrize("document", report.DOCUMENTS, ids=lambda path: path.name)
def test_documents_agree_with_the_results(document):
    assert written(document.read_text(), Results(report.RESULTS)) == document.read_text(), "Run `make bench-report`."
