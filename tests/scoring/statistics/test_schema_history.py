"""What the document says of days, for a campaign without any."""

from __future__ import annotations

from dataclasses import asdict

from annotator.scoring.statistics.schema_history import History, HistoryDay, Rate


def test_a_new_campaign_has_no_days() -> None:
    assert asdict(History()) == {"days": [], "hours": []}


def test_a_day_is_plain_json() -> None:
    rate = Rate(1, 2, 0.5, 0.1, 0.9)
    day = asdict(HistoryDay("2026-11-02", 2, 0, 1, rate, rate, rate))
    assert day["gold"] == {"k": 1, "n": 2, "rate": 0.5, "lower": 0.1, "upper": 0.9}
