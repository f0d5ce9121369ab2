"""The votes of an answer as whoever gave them gets them over REST: data, in one statement, for a script that waits for them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from annotator.lib.raw_sql import fetch_prepared, read_statement

OWN_VOTES_SQL = read_statement(__file__, "own_votes")


@dataclass(frozen=True)
class OwnVote:
    """A row of own_votes.sql. `conditions` and `questions` are JSON, the latter those of the campaign, in order. `knows_ids`:
    they may read exports."""

    vote_id: int
    assignment_id: int
    pair_id: int
    question: str
    annotator_id: str
    choice: str
    a_on_left: bool
    elapsed_ms: int | None
    conditions: str | None
    guideline_version: int | None
    created_at: datetime
    void_reason: str | None
    knows_ids: bool
    questions: str

    @property
    def campaign_questions(self) -> list[dict[str, Any]]:
        questions: list[dict[str, Any]] = json.loads(self.questions)
        return questions


def own_votes(votes: Sequence[int]) -> list[OwnVote]:
    """In the order of their questions."""
    return fetch_prepared(OWN_VOTES_SQL, {"votes": list(votes)}).as_rows(OwnVote)
