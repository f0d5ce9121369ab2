"""What leaves releases that are out: a release that is yanked, and the votes of people who withdrew.

A release never changes, so nothing is cut out of one. It is yanked: its number, its reason and the list of its files stay, its
bytes go, and another one is built of what may still be used.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from annotator.choices import UNFINISHED_RELEASES, MemberState, ReleaseState
from annotator.errors import Conflict, Invalid
from annotator.lib import audit
from annotator.models import Campaign, Release, User
from annotator.models.audit import AuditAction
from annotator.releasing.lifecycle import create_release

REASON_LIMIT = 500  # characters
SOMEBODY_WITHDREW = "Somebody whose votes it held withdrew their consent."


@transaction.atomic
def yank_release(*, release: Release, reason: str, by: User | None) -> Release:
    """Take a release back for good. Nobody can read it from now on; the caller has its files cleared by a worker.

    Raises Invalid without a reason, and Conflict for a release that is not ready.
    """
    require_reason(reason)
    locked = Release.objects.select_for_update(no_key=True).get(pk=release.pk)
    if locked.state != ReleaseState.READY:
        words = gettext("Only a release that is ready can be yanked. The state of this one is %(state)s.")
        raise Conflict(words % {"state": locked.state}, code="release_not_ready")
    _yank([locked], reason=reason, by=by)
    return locked


def require_reason(reason: str) -> None:
    if not reason.strip():
        raise Invalid(gettext("Some values are not valid."), errors={"reason": [gettext("Give a reason.")]})
    if len(reason) > REASON_LIMIT:
        words = gettext("Use at most %(limit)s characters.") % {"limit": REASON_LIMIT}
        raise Invalid(gettext("Some values are not valid."), errors={"reason": [words]})


def holding_withdrawn(campaign: Campaign) -> QuerySet[Release]:
    """Ready releases that hold votes of people who withdrew since, newest first. `withdrawn`: of how many."""
    left = Count("annotators", filter=Q(annotators__member__state=MemberState.WITHDRAWN))
    releases = Release.objects.filter(campaign=campaign, state=ReleaseState.READY).annotate(withdrawn=left)
    return releases.alias(left=left).filter(left__gt=0).order_by("-number")


@transaction.atomic
def rebuild_without_withdrawn(*, campaign: Campaign, by: User | None) -> tuple[Release, list[Release]]:
    """Yank all releases that hold votes of people who withdrew, and ask for one without these votes, of the newest one's configs.

    Returns it and the yanked ones; the caller has the one built and the others cleared. Raises Conflict where there are none.
    """
    held = list(holding_withdrawn(campaign))
    if not held:
        raise Conflict(gettext("No release holds votes of somebody who withdrew."), code="nothing_withdrawn")
    return replace(held, reason=SOMEBODY_WITHDREW, by=by)


def replace(releases: list[Release], *, reason: str, by: User | None) -> tuple[Release, list[Release]]:
    """Yank ready releases of a campaign, the newest first, and ask for one in their place. Inside the caller's transaction."""
    newest = releases[0]
    new = create_release(
        campaign=newest.campaign,
        by=by,
        configs=newest.configs,
        shard_bytes=newest.shard_bytes,
        shard_count=newest.shard_count,
    )
    ids = [release.pk for release in releases]
    locked = Release.objects.select_for_update(no_key=True).filter(pk__in=ids, state=ReleaseState.READY).order_by("pk")
    yanked = list(locked)
    _yank(yanked, reason=reason, by=by, replaced_by=new)
    return new, yanked


def cancel_unfinished(campaign: Campaign) -> list[Release]:
    """Begin those anew that are being built: what they read holds what may not be in them. Inside the caller's transaction."""
    unfinished = Release.objects.filter(campaign=campaign, state__in=UNFINISHED_RELEASES)
    locked = list(unfinished.select_for_update(no_key=True).order_by("pk"))
    now = timezone.now()
    Release.objects.filter(pk__in=[each.pk for each in locked]).update(state=ReleaseState.CANCELLED, finished_at=now)
    return locked


def _yank(releases: Iterable[Release], *, reason: str, by: User | None, replaced_by: Release | None = None) -> None:
    for release in releases:
        release.state, release.yanked_at, release.yanked_by = ReleaseState.YANKED, timezone.now(), by
        release.yank_reason, release.replaced_by, release.has_leftovers = reason.strip(), replaced_by, True
        release.save(update_fields=["state", "yanked_at", "yanked_by", "yank_reason", "replaced_by", "has_leftovers"])
        target, changes = f"release {release.number}", {"reason": (None, release.yank_reason)}
        audit.record(AuditAction.RELEASE_YANKED, by=by, campaign=release.campaign, target=target, changes=changes)
