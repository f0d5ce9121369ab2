"""What waits for a decision of a campaign's managers and reviewers, as the console counts it beside its rooms."""

from __future__ import annotations

from dataclasses import dataclass

from annotator.lib.raw_sql import fetch_prepared, read_statement
from annotator.models import Campaign

MOST = 100  # rows that are looked at for one count, so that it costs the same in a campaign of any size

_WAITING = read_statement(__file__, "waiting")


@dataclass(frozen=True)
class Waiting:
    """Each up to MOST."""

    flagged_pairs: int
    appeals: int
    disputed_gold: int
    asking_rules: int
    failed_imports: int


def waiting_in(campaign: Campaign) -> Waiting:
    """In one statement, of a few hundred rows at most."""
    return fetch_prepared(_WAITING, {"campaign": campaign.pk, "most": MOST}).first(Waiting)
