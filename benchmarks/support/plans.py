"""How Postgres goes about the statement that finds the next pairs for a member."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.db import connection

from annotator.judging import assigning
from annotator.models import Campaign, Member
from annotator.models.pair_seats import RING_SIZE

RING_INDEX = "pair_line"


def claiming_plan(campaign: Campaign, member: Member) -> list[dict[str, Any]]:
    """The nodes of the plan, the outermost first, for a member who stands in the middle of the ring."""
    place = {
        "campaign": campaign.pk,
        "priority": 0,
        "member": member.pk,
        "after": RING_SIZE // 2,
        "up_to": RING_SIZE,
        "limit": assigning.FIRST_WINDOW,
    }
    with connection.prepared_cursor() as cursor:
        parameters = [place[name] for name in assigning.WINDOW_SQL.names]
        cursor.execute(f"EXPLAIN (FORMAT JSON) {assigning.WINDOW_SQL.text}", parameters)
        (explained,) = cursor.fetchone()
    return list(_nodes((json.loads(explained) if isinstance(explained, str) else explained)[0]["Plan"]))


def is_index_range_scan(plan: list[dict[str, Any]]) -> bool:
    """Whether pairs are read from the ring's index alone, bounded on both sides, and nothing is sorted or read in full."""
    pairs = [node for node in plan if node.get("Relation Name") == "annotator_pair_seats"]
    return (
        [node.get("Index Name") for node in pairs] == [RING_INDEX]
        and all(bound in pairs[0]["Index Cond"] for bound in ("ring >", "ring <="))
        and not {"Sort", "Seq Scan", "Bitmap Heap Scan"} & {node["Node Type"] for node in plan}
    )


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", []):
        yield from _nodes(child)
