"""From columns to the document: progress and pace, and what the modules beside this one make. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from annotator.scoring.statistics import schema as doc
from annotator.scoring.statistics.agreement import agreement_of, overlap_of
from annotator.scoring.statistics.annotators import annotators_of, concentration_of, gold_of, leave_one_out_of, machines_of
from annotator.scoring.statistics.confidence import confidence_of_questions
from annotator.scoring.statistics.days import history_of
from annotator.scoring.statistics.generators import Comparisons, cycles_of, position_of, win_rates_of
from annotator.scoring.statistics.groups import groups_of
from annotator.scoring.statistics.leaderboards import NOTHING, leaderboards_of
from annotator.scoring.statistics.load import HELD, NONE, SETTLED, CampaignData
from annotator.scoring.statistics.meetings import meetings_of
from annotator.scoring.statistics.planning import planning_of
from annotator.scoring.statistics.prompts import coverage_of, largest, near_identical_of, prompts_of
from annotator.scoring.statistics.rounding import DIGITS, number
from annotator.scoring.statistics.schema_history import Day
from annotator.scoring.statistics.stopping import stopping_of
from annotator.scoring.statistics.taste_groups import tastes_of

HOUR, DAY = 3600, 86400  # seconds
ANNOTATORS_LISTED = 1000
DAYS_LISTED = 30


NO_TASTES = doc.Tastes(compared=0, p_value=None, groups=[], in_none=0)


def statistics_from(
    data: CampaignData,
    *,
    campaign: str,
    consensus_method: str,
    now: datetime | None,
    label_methods: Sequence[doc.LabelMethod] = (),
    compares_texts: bool = True,
) -> doc.Statistics:
    """Everything, of these columns. `now` is when they were read; None where nothing is to be said of the time.

    `label_methods` is how the labels came about, which costs more than to read it; `compares_texts` says whether to look for
    prompts that are nearly the same, and for groups of annotators with a taste of their own: both take long and no card tells.
    """
    annotators = annotators_of(data)
    categories = largest(data.prompts.category, data.pairs.prompt)
    compared = Comparisons(data, categories)
    leaderboards = leaderboards_of(data, categories)
    return doc.Statistics(
        campaign=campaign,
        computed_at=None if now is None else now.isoformat(),
        votes_counted=len(data.counted),
        consensus_method=consensus_method,
        progress=_progress(data),
        throughput=_throughput(data, annotators, now),
        overlap=overlap_of(data),
        agreement=agreement_of(data, categories),
        stopping=stopping_of(data),
        confidence=confidence_of_questions(data),
        gold=gold_of(data),
        position=position_of(compared),
        concentration=concentration_of(data),
        leave_one_out=leave_one_out_of(data),
        annotators=annotators[:ANNOTATORS_LISTED],
        annotators_listed_max=ANNOTATORS_LISTED,
        categories=coverage_of(data, data.prompts.category),
        languages=coverage_of(data, data.prompts.language),
        prompts=prompts_of(data, compares_texts=compares_texts),
        win_rates=win_rates_of(compared),
        leaderboard=leaderboards[0] if leaderboards else NOTHING,
        leaderboards=leaderboards,
        cycles=cycles_of(compared),
        meetings=meetings_of(data, categories),
        machines=machines_of(data),
        near_identical=near_identical_of(data.pairs),
        tastes=tastes_of(data) if compares_texts else NO_TASTES,
        groups=groups_of(data),
        label_methods=list(label_methods),
        planning=planning_of(data),
        history=history_of(data, now),
    )


# --- progress and pace


def _progress(data: CampaignData) -> doc.Progress:
    pairs = data.pairs
    collects = (pairs.state != HELD) & (pairs.gold == NONE)
    wanted = int(pairs.votes_wanted[collects].sum())
    votes = int(data.primary_counts[collects].sum())
    return doc.Progress(
        pairs=len(pairs),
        pairs_gold=int((pairs.gold != NONE).sum()),
        pairs_settled=int((pairs.state == SETTLED).sum()),
        pairs_held=int((pairs.state == HELD).sum()),
        votes=votes,
        votes_wanted=wanted,
        share=round(min(votes / wanted, 1.0), DIGITS) if wanted else 0.0,
        annotators=len(np.unique(data.counted.member)),
        machines=int(data.is_machine.sum()),
    )


def _throughput(data: CampaignData, annotators: Sequence[doc.Annotator], now: datetime | None) -> doc.Throughput:
    votes, size = data.counted, len(data.members)
    until = now.timestamp() if now else 0.0
    day = votes.at // DAY
    first = int(day.min()) if len(day) else 0
    day -= first
    of_day = np.bincount(day)
    people = np.bincount(np.unique(day * size + votes.member) // max(size, 1), minlength=len(of_day))
    listed = np.flatnonzero(of_day)[::-1][:DAYS_LISTED].tolist()
    return doc.Throughput(
        votes_last_hour=int((votes.at > until - HOUR).sum()),
        votes_last_day=int((votes.at > until - DAY).sum()),
        days=[Day(_date(first + place), int(of_day[place]), int(people[place])) for place in listed],
        median_elapsed_ms=_median([row.median_elapsed_ms for row in annotators]),
        median_votes_per_hour=_median([row.votes_per_hour for row in annotators]),
    )


def _date(days: int) -> str:
    """Of so many days after the first of 1970."""
    return datetime.fromtimestamp(days * DAY, UTC).date().isoformat()


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return number(float(np.median(known))) if known else None
