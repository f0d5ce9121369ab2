"""A campaign's days and hours, and the days of each of its people, from the columns that all statistics are computed from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from annotator.consensus.bias import share_of
from annotator.consensus.codes import Bools, Floats, Ints
from annotator.consensus.repeats import NOT_THERE, first_answers
from annotator.models import Campaign, MemberDay
from annotator.scoring.statistics.annotators import medians_of
from annotator.scoring.statistics.load import GOLD, NONE, REGULAR, REPEAT, A, B, CampaignData
from annotator.scoring.statistics.rounding import rates_of
from annotator.scoring.statistics.schema_history import History, HistoryDay, HistoryHour

HOUR, DAY = 3600, 86400  # seconds
DAYS_SHOWN, HOURS_SHOWN = 30, 48
AT_ONCE = 500_000  # votes whose pairs' counts are in memory
WRITTEN_AT_ONCE = 1_000
COUNTS = (
    *("votes", "votes_void", "gold_count", "gold_right", "repeat_count", "repeat_same"),
    *("side_count", "left_count", "shared_count", "agreed_count"),
)


@dataclass(frozen=True)
class Days:
    """One row for each person (or for all, as person 0) and day with an answer, in that order. `day` is of those since 1970."""

    member: Ints
    day: Ints
    counts: dict[str, Ints]  # by COUNTS
    elapsed_ms: Floats  # the median, NaN where no time is known

    def __len__(self) -> int:
        return len(self.day)


def history_of(data: CampaignData, now: datetime | None) -> History:
    """Of the votes that count; those that a suspension made void are only counted."""
    found = _days_of(data, np.zeros_like, void_counts=False)
    last = slice(max(len(found) - DAYS_SHOWN, 0), None)
    people = _people_by_day(data)
    n = {name: column[last] for name, column in found.counts.items()}
    shares = (("gold_right", "gold_count"), ("left_count", "side_count"), ("agreed_count", "shared_count"))
    gold, left, agreement = (rates_of(share_of(n[part], n[whole])) for part, whole in shares)
    days = [
        HistoryDay(date_of(day).isoformat(), votes - void, void, people.get(day, 0), *rates)
        for day, votes, void, *rates in zip(
            found.day[last].tolist(), n["votes"].tolist(), n["votes_void"].tolist(), gold, left, agreement, strict=True
        )
    ]
    return History(days, _hours_of(data, now) if now else [])


def member_days_of(data: CampaignData) -> Days:
    """Of each person: all that they answered, with what a suspension made void."""
    return _days_of(data, lambda member: member, void_counts=True)


def write_member_days(campaign: Campaign, data: CampaignData) -> int:
    """Let the table have what was counted; only rows that differ are written. Returns how many."""
    found = member_days_of(data)
    columns = [found.counts[name].tolist() for name in COUNTS]
    times = [None if np.isnan(value) else float(value) for value in found.elapsed_ms.tolist()]
    keys = zip(data.member_ids[found.member].tolist(), map(date_of, found.day.tolist()), strict=True)
    wanted = dict(zip(keys, zip(*columns, times, strict=True), strict=True))
    fields = (*COUNTS, "elapsed_ms")
    known = {
        (row[0], row[1]): row[2:] for row in MemberDay.objects.filter(campaign=campaign).values_list("member", "day", *fields)
    }
    rows = [
        MemberDay(campaign=campaign, member_id=member, day=day, **dict(zip(fields, values, strict=True)))
        for (member, day), values in wanted.items()
        if known.get((member, day)) != values
    ]
    MemberDay.objects.bulk_create(
        rows, batch_size=WRITTEN_AT_ONCE, update_conflicts=True, unique_fields=["member", "day"], update_fields=list(fields)
    )
    for member, day in known.keys() - wanted.keys():
        MemberDay.objects.filter(member=member, day=day).delete()
    return len(rows)


def date_of(day: int) -> date:
    return date(1970, 1, 1) + timedelta(days=day)


# --- counting


def _days_of(data: CampaignData, person_of: Any, *, void_counts: bool) -> Days:
    """`void_counts`: void votes tell of sides, agreement and time as well."""
    votes = data.votes.where(~data.is_machine[data.votes.member] & (data.votes.question == 0))
    live, void = votes.where(votes.kind == REGULAR), data.void_votes
    gold = votes.where((votes.kind == GOLD) & (data.pairs.gold[votes.pair] != NONE) & ~data.pairs.in_review[votes.pair])
    again, first = first_answers(votes.member, votes.pair, is_first=votes.kind == REGULAR, is_again=votes.kind == REPEAT)
    again, first = again[first != NOT_THERE], first[first != NOT_THERE]
    is_void = np.repeat([False, True], [len(live), len(void)])
    told = ~is_void | void_counts
    member, pair, choice, a_on_left, at, elapsed = (
        np.concatenate([getattr(live, name), getattr(void, name)])
        for name in ("member", "pair", "choice", "a_on_left", "at", "elapsed_ms")
    )
    is_side = told & ((choice == A) | (choice == B))
    is_shared, is_agreed = _beside_others(data, pair, choice, ~is_void)
    keys = [
        _key(person_of(who), when) for who, when in ((member, at), (gold.member, gold.at), (votes.member[again], votes.at[again]))
    ]
    every, place = np.unique(np.concatenate(keys), return_inverse=True)
    of_vote, of_gold, of_repeat = np.split(place.reshape(-1), np.cumsum([len(key) for key in keys])[:-1])

    def count(of: Ints, which: Bools | None = None) -> Ints:
        return np.bincount(of if which is None else of[which], minlength=len(every))

    return Days(
        member=every >> 32,
        day=every & 0xFFFFFFFF,
        counts={
            "votes": count(of_vote),
            "votes_void": count(of_vote, is_void),
            "gold_count": count(of_gold),
            "gold_right": count(of_gold, gold.choice == data.pairs.gold[gold.pair]),
            "repeat_count": count(of_repeat),
            "repeat_same": count(of_repeat, votes.choice[again] == votes.choice[first]),
            "side_count": count(of_vote, is_side),
            "left_count": count(of_vote, is_side & ((choice == A) == a_on_left)),
            "shared_count": count(of_vote, told & is_shared),
            "agreed_count": count(of_vote, told & is_agreed),
        },
        elapsed_ms=medians_of(of_vote[told], elapsed[told], len(every)),
    )


def _key(member: Ints, at: Ints) -> Ints:
    return (member.astype(np.int64) << 32) | (at.astype(np.int64) // DAY)


def _beside_others(data: CampaignData, pair: Ints, choice: Ints, counts: Bools) -> tuple[Bools, Bools]:
    """Of each vote: whether the votes of others on its pair have a majority, and whether it is with that."""
    shared, agreed = np.zeros(len(pair), dtype=np.bool_), np.zeros(len(pair), dtype=np.bool_)
    for start in range(0, len(pair), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        others = data.primary_counts[pair[part]].astype(np.int32)
        rows = np.arange(len(others))
        others[rows, choice[part]] -= counts[part]
        top = others.max(axis=1, initial=0)
        shared[part] = (top > 0) & ((others == top[:, None]).sum(axis=1) == 1)
        agreed[part] = shared[part] & (others[rows, choice[part]] == top)
    return shared, agreed


def _people_by_day(data: CampaignData) -> dict[int, int]:
    """How many people gave a vote that counts, by day."""
    days = np.unique(_key(data.counted.member, data.counted.at)) & 0xFFFFFFFF
    return dict(zip(*(column.tolist() for column in np.unique(days, return_counts=True)), strict=True))


def _hours_of(data: CampaignData, now: datetime) -> list[HistoryHour]:
    first = int(now.timestamp()) // HOUR - HOURS_SHOWN + 1
    hour = data.counted.at // HOUR - first
    counts = np.bincount(hour[(hour >= 0) & (hour < HOURS_SHOWN)], minlength=HOURS_SHOWN)
    moments = (datetime.fromtimestamp((first + place) * HOUR, UTC).isoformat() for place in range(HOURS_SHOWN))
    return [HistoryHour(moment, votes) for moment, votes in zip(moments, counts.tolist(), strict=True)]
