"""A chart says the same as numbers for the script and as a table."""

from __future__ import annotations

from annotator.views.manage.charts import Chart, Mark, Series, day_words, noon_of, rate_series


def test_the_table_has_the_newest_first_with_how_many_votes_it_is_of() -> None:
    rates = [
        {"k": 0, "n": 0, "rate": None, "lower": 0.0, "upper": 1.0},
        {"k": 9, "n": 10, "rate": 0.9, "lower": 0.55, "upper": 0.997},
    ]
    days = ["2026-11-01", "2026-11-02"]
    series = rate_series("Gold accuracy", rates, "good")
    marks = [Mark(noon_of(days[1]), "1 vote is void")]
    chart = Chart("gold", "Gold", "Of 10 votes.", [*map(noon_of, days)], [*map(day_words, days)], [series], True, marks)

    assert chart.rows == [("2 Nov 2026", [("90 %", "55–100 %, n = 10")]), ("1 Nov 2026", [("–", "")])]
    [row] = chart.as_json()["series"]
    assert (row["values"], row["lower"], "notes" in row) == ([None, 0.9], [None, 0.55], False)
    assert chart.as_json()["marks"] == [{"at": noon_of("2026-11-02"), "words": "1 vote is void"}]


def test_numbers_of_votes_are_whole() -> None:
    chart = Chart("votes", "Votes", "", [0.0], ["1 Nov"], [Series("Votes", [1234])])
    assert chart.rows == [("1 Nov", [("1,234", "")])]
