"""Guidelines: drafts, published versions, and who accepted which."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext

from annotator.errors import Conflict, Invalid
from annotator.lib import audit
from annotator.models import Campaign, Guideline, Member, User
from annotator.models.audit import AuditAction
from annotator.models.in_languages import validate_translations


@transaction.atomic
def publish_guideline(
    *,
    campaign: Campaign,
    text: str,
    by: User | None,
    change_note: str = "",
    translations: Mapping[str, str] | None = None,
    now: datetime | None = None,
) -> Guideline:
    """The next version of the campaign's guideline, in force from now on.

    Text is Markdown, and so are its translations by language; the note says what is new. Raises Invalid for an empty text and
    for a language that the site does not have.
    """
    made = Guideline.objects.create(
        campaign=campaign,
        version=_next_version(campaign),
        text=_some_text(text),
        translations=_translations(translations or {}),
        change_note=change_note,
        published_at=now or timezone.now(),
        author=by,
    )
    _put_in_force(made, by)
    return made


@transaction.atomic
def draft_guideline(*, campaign: Campaign, text: str, by: User | None) -> Guideline:
    """A version that nobody is shown yet."""
    return Guideline.objects.create(campaign=campaign, version=_next_version(campaign), text=_some_text(text), author=by)


@transaction.atomic
def change_draft(*, guideline: Guideline, text: str, by: User | None) -> Guideline:
    """Give a draft another text. Raises Conflict when it was published."""
    draft = _locked_draft(guideline)
    draft.text = _some_text(text)
    draft.save(update_fields=["text"])
    return draft


@transaction.atomic
def publish_draft(*, guideline: Guideline, by: User | None, now: datetime | None = None) -> Guideline:
    """Put a draft in force, under the next number where later versions were made meanwhile. Raises Conflict on a second time."""
    next_version = _next_version(guideline.campaign)
    draft = _locked_draft(guideline)
    if draft.version != next_version - 1:
        draft.version = next_version
    draft.author = draft.author or by
    draft.published_at = now or timezone.now()
    draft.save(update_fields=["version", "author", "published_at"])
    _put_in_force(draft, by)
    return draft


def _put_in_force(guideline: Guideline, by: User | None) -> None:
    """The caller has locked the campaign, so that the newest version stays the one in force."""
    guideline.campaign.guideline = guideline
    guideline.campaign.save(update_fields=["guideline"])
    target = f"version {guideline.version}"
    audit.record(AuditAction.GUIDELINE_PUBLISHED, by=by, campaign=guideline.campaign, target=target)


def _locked_draft(guideline: Guideline) -> Guideline:
    draft = Guideline.objects.select_for_update().get(pk=guideline.pk)
    if draft.published_at is not None:
        raise Conflict(
            gettext("Version %(version)s is already published.") % {"version": draft.version}, code="guideline_published"
        )
    return draft


def _next_version(campaign: Campaign) -> int:
    Campaign.objects.select_for_update().get(pk=campaign.pk)  # two writers get two numbers
    return (campaign.guidelines.aggregate(last=Max("version"))["last"] or 0) + 1


def _some_text(text: str) -> str:
    if not text.strip():
        raise Invalid(
            gettext("A guideline needs some text."), errors={"text": [gettext("Write the instructions for annotators.")]}
        )
    return text


def _translations(texts: Mapping[str, str]) -> dict[str, str]:
    try:
        validate_translations(dict(texts))
    except ValidationError as error:
        raise Invalid(gettext("Some values are not valid."), errors={"translations": error.messages}) from error
    return dict(texts)


def change_notes(*, since: Guideline, until: Guideline) -> list[str]:
    """What the managers said of each version after `since` up to `until`, the oldest first; of some they said nothing."""
    versions = Guideline.objects.filter(
        campaign=until.campaign_id, published_at__isnull=False, version__gt=since.version, version__lte=until.version
    )
    return list(versions.exclude(change_note="").order_by("version").values_list("change_note", flat=True))


def published_versions(*, campaign: Campaign) -> QuerySet[Guideline]:
    """The newest first, each with `people`: how many members have it as the last version that they accepted."""
    accepted = Member.objects.filter(guideline_accepted=OuterRef("pk")).order_by().values("guideline_accepted")
    people = Coalesce(Subquery(accepted.annotate(n=Count("pk")).values("n")), 0)
    published = campaign.guidelines.filter(published_at__isnull=False)
    return published.annotate(people=people).select_related("author").order_by("-version")


def version_before(guideline: Guideline) -> Guideline | None:
    """The last version that was published before this one."""
    earlier = Guideline.objects.filter(campaign=guideline.campaign_id, published_at__isnull=False, version__lt=guideline.version)
    return earlier.order_by("-version").first()


def accept_guideline(*, member: Member, guideline: Guideline, now: datetime | None = None) -> None:
    """Record that the member read and accepted this version. Raises Conflict when a newer one is in force."""
    if not Campaign.objects.filter(pk=member.campaign_id, guideline=guideline).exists():
        raise Conflict(gettext("A newer version of the guideline was published. Please read it."), code="guideline_outdated")
    member.guideline_accepted = guideline
    member.guideline_accepted_at = now or timezone.now()
    member.save(update_fields=["guideline_accepted", "guideline_accepted_at"])


def must_read(member: Member) -> Guideline | None:
    """The guideline the member has to accept before judging, or None when there is nothing (more) to accept."""
    campaign = member.campaign
    return None if campaign.guideline_id in (None, member.guideline_accepted_id) else campaign.guideline
