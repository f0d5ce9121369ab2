"""An image is taken down: its bytes leave storage and releases, its pairs leave circulation, and its rows say so.

A file is stored once for all campaigns that have it. It is taken down in those that the person manages; its bytes go with the
last campaign that has it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext

from annotator.choices import ReleaseState
from annotator.errors import Conflict, NotFound
from annotator.importing.images import EXTENSIONS, display_folder, full_name, image_folder, new_display_id
from annotator.judging.pair_holds import hold_pairs
from annotator.lib import audit
from annotator.lib.storage import remove_folder
from annotator.models import Campaign, Image, Member, Pair, Release, TakeDown, User
from annotator.models.audit import AuditAction
from annotator.releasing.withdrawal import cancel_unfinished, replace, require_reason

TAKEN_DOWN = "An image in it was taken down."
WITHOUT_IMAGES = {"pair_info", "labels"}


@dataclass
class Outcome:
    """What a take-down did. The caller has `new` built, and `ended` cleared, by workers."""

    take_downs: list[TakeDown] = field(default_factory=list)
    pairs_held: int = 0
    new: list[Release] = field(default_factory=list)
    ended: list[Release] = field(default_factory=list)
    remains_elsewhere: bool = False  # a campaign of others has the file

    @property
    def releases_yanked(self) -> int:
        return sum(release.state == ReleaseState.YANKED for release in self.ended)


def take_down_image(*, campaign: Campaign, sha256: str, reason: str, by: User) -> Outcome:
    """Take a file down in this campaign and in all others that `by` manages.

    Raises Invalid without a reason, NotFound for a file that the campaign does not have, Conflict for one that was taken down.
    """
    require_reason(reason)
    outcome = Outcome()
    if not Image.objects.filter(prompt__campaign=campaign, sha256=sha256).exists():
        raise NotFound(gettext("The campaign has no image with this sha256."))
    try:
        with transaction.atomic():
            TakeDown.objects.create(campaign=campaign, sha256=sha256, reason=reason.strip(), created_by=by)
            outcome.take_downs = list(TakeDown.objects.filter(campaign=campaign, sha256=sha256))
            for other in _campaigns_of(by).exclude(pk=campaign.pk).filter(prompts__images__sha256=sha256).distinct():
                about = {"reason": reason.strip(), "created_by": by}
                taken, is_new = TakeDown.objects.get_or_create(campaign=other, sha256=sha256, defaults=about)
                outcome.take_downs += [taken] if is_new else []
            for taken in outcome.take_downs:
                _leave_campaign(taken, outcome, by)
    except IntegrityError as error:
        raise Conflict(gettext("This image was taken down already."), code="taken_down") from error
    outcome.remains_elsewhere = not remove_bytes(sha256)
    return outcome


def _campaigns_of(user: User) -> QuerySet[Campaign]:
    """That the user manages."""
    if user.is_superuser:
        return Campaign.objects.all()
    return Campaign.objects.filter(pk__in=Member.objects.managers().filter(user=user).values("campaign"))


def _leave_campaign(taken: TakeDown, outcome: Outcome, by: User) -> None:
    campaign = taken.campaign
    changes = {"reason": (None, taken.reason)}
    audit.record(AuditAction.IMAGE_TAKEN_DOWN, by=by, campaign=campaign, target=taken.sha256, changes=changes)
    images = Image.objects.filter(prompt__campaign=campaign, sha256=taken.sha256)
    pairs = Pair.objects.filter(Q(image_a__in=images) | Q(image_b__in=images), campaign=campaign)
    outcome.pairs_held += hold_pairs(pair_ids=list(pairs.values_list("pk", flat=True)), by=by)
    ended = cancel_unfinished(campaign)
    ready = list(Release.objects.filter(campaign=campaign, state=ReleaseState.READY).order_by("-number"))
    held = [release for release in ready if not release.configs or {*release.configs} - WITHOUT_IMAGES]
    if held:
        new, yanked = replace(held, reason=TAKEN_DOWN, by=by)
        outcome.new.append(new)
        ended += yanked
    outcome.ended += ended


def remove_bytes(sha256: str) -> bool:
    """Remove a file from storage unless a campaign still has it. Returns whether it is gone."""
    rows = Image.objects.filter(sha256=sha256)
    gone = TakeDown.objects.filter(sha256=sha256).values("campaign")
    if rows.exclude(prompt__campaign__in=gone).exists():
        return False
    for format in EXTENSIONS:
        if default_storage.exists(full_name(sha256, format)):
            default_storage.delete(full_name(sha256, format))
    remove_folder(image_folder(sha256))
    for display_id in {*rows.values_list("display_id", flat=True), new_display_id(sha256)} - {None}:
        remove_folder(display_folder(display_id))  # type: ignore[arg-type]  # none of them is None
    return True
