"""How Postgres goes about the statement that finds the next pairs for a member."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.utils import timezone

from annotator.judging import assigning
from annotator.models import Campaign, Member
from annotator.models.pair_seats import RING_SIZE

RING_INDEX = "pair_line"
GROWING = {"annotator_pair_seats", "annotator_assignment"}


def claiming_plan(campaign: Campaign, member: Member) -> list[dict[str, Any]]:
    """The nodes of the plan of a refill, the outermost first, for a member who stands in the middle of the ring."""
    now = timezone.now()
    place = {
        "campaign": campaign.pk,
        "member": member.pk,
        "below": assigning.ABOVE_ALL,
        "start": RING_SIZE // 2,
        "after": None,
        "anywhere": 0,
        "window": assigning.QUEUE_TARGET + assigning.FIRST_WINDOW,
        "wanted": assigning.QUEUE_TARGET,
        **{name: [] for name in ("pairs", "kinds", "sides", "expired")},
        "guideline": None,
        "now": now,
        "lease_expires_at": now,
    }
    with connection.prepared_cursor() as cursor:
        parameters = [place[name] for name in assigning.REFILL_SQL.names]
        cursor.execute(f"EXPLAIN (FORMAT JSON) {assigning.REFILL_SQL.text}", parameters)
        (explained,) = cursor.fetchone()
    return list(_nodes((json.loads(explained) if isinstance(explained, str) else explained)[0]["Plan"]))


def is_index_range_scan(plan: list[dict[str, Any]]) -> bool:
    """Whether both parts of the ring are read from its index alone, bounded on both sides and in its order, and no table that
    grows is read in full."""
    ring = [node for node in plan if node.get("Index Name") == RING_INDEX and "ring >" in node.get("Index Cond", "")]
    whole = {"Seq Scan", "Bitmap Heap Scan"}
    return (
        len(ring) == 2
        and all("ring <=" in node["Index Cond"] for node in ring)
        and not any(child in ring for node in plan if node["Node Type"] == "Sort" for child in node["Plans"])
        and not any(node["Node Type"] in whole and node.get("Relation Name") in GROWING for node in plan)
    )


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", []):
        yield from _nodes(child)
