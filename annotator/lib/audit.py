"""The audit log: every change that somebody made to a campaign or to the keys to it, written by the domain function that made it,
in its transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.utils import timezone

from annotator.models import AuditEntry, Campaign, User
from annotator.models.audit import TARGET_LIMIT, AuditAction

Changes = Mapping[str, tuple[Any, Any]]  # by field: before, after
VALUE_LIMIT = 500  # characters of a text; a guideline has versions of its own
LISTED = 20  # numbers of pairs in one entry


def record(
    action: AuditAction, *, by: User | None, campaign: Campaign | None = None, target: object = "", changes: Changes | None = None
) -> None:
    """Note a change. Without `by` it was automatic, or a command of the operator."""
    AuditEntry.objects.create(
        at=timezone.now(),
        action=action,
        campaign_id=campaign.pk if campaign else None,
        campaign_name=campaign.name[:200] if campaign else "",
        actor_id=by.pk if by else None,
        actor_name=by.get_username()[:150] if by else "",
        target=str(target)[:TARGET_LIMIT],
        changes={name: [_short(before), _short(after)] for name, (before, after) in (changes or {}).items()},
    )


def record_pairs(action: AuditAction, *, by: User | None, pair_ids: Collection[int], changes: Changes | None = None) -> None:
    """Note what was done to pairs, once for each campaign. Nothing where there are none."""
    if not pair_ids:
        return
    for campaign in Campaign.objects.filter(pairs__in=list(pair_ids)).distinct().order_by("pk"):
        record(action, by=by, campaign=campaign, target=in_words(pair_ids), changes=changes)


def in_words(pair_ids: Collection[int]) -> str:
    """ "pair 7", "pairs 7, 8", or so many of them."""
    listed = ", ".join(map(str, sorted(pair_ids)[:LISTED]))
    more = f" and {len(pair_ids) - LISTED} more" if len(pair_ids) > LISTED else ""
    return f"{'pair' if len(pair_ids) == 1 else 'pairs'} {listed}{more}"


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The fields that have another value, as `record` wants them."""
    return {name: (before.get(name), after[name]) for name in after if before.get(name) != after[name]}


def _short(value: Any) -> Any:
    return f"{value[:VALUE_LIMIT]}…" if isinstance(value, str) and len(value) > VALUE_LIMIT else value
