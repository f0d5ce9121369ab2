"""Who may reach what: the first line of every view."""

from __future__ import annotations

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext

from annotator.choices import CampaignState, MemberState, Role
from annotator.errors import NotAllowed, NotFound
from annotator.judging.eligibility import SENTENCES
from annotator.models import Campaign, Member, User


def campaign_for_member(user: User, slug: str) -> tuple[Campaign, Member]:
    """The campaign and the user's place in it.

    Raises NotFound where the user is no member: whether the campaign exists is not theirs to know.
    """
    member = Member.objects.select_related("campaign", "guideline_accepted").filter(campaign__slug=slug, user=user).first()
    if member is None:
        raise NotFound(gettext("This campaign does not exist, or you are not a member of it."))
    return member.campaign, member


def require_own_page(user: User, member_id: int | None) -> None:
    """Raises NotAllowed (other_account) where a page is for a member who is somebody else: they logged in after it was opened.

    Of a member whom nobody knows nothing is said, as after the site was restored from a backup.
    """
    if member_id and Member.objects.filter(pk=member_id).exclude(user=user).exists():
        raise NotAllowed(gettext("You are logged in with another account in this browser."), code="other_account")


def campaign_for_annotator(user: User, slug: str) -> tuple[Campaign, Member]:
    """As `campaign_for_member`, for a member who may judge pairs. Raises NotAllowed for one who is paused or suspended."""
    campaign, member = campaign_for_member(user, slug)
    if member.state != MemberState.ACTIVE:
        raise NotAllowed(str(SENTENCES[f"member_{member.state}"]), code=f"member_{member.state}")
    return campaign, member


def campaign_for_manager(user: User, slug: str) -> Campaign:
    """The campaign, for one of its active managers or a superuser. Raises NotFound to strangers, NotAllowed to other members."""
    if user.is_superuser:
        campaign = Campaign.objects.filter(slug=slug).first()
        if campaign is None:
            raise NotFound(gettext("This campaign does not exist."))
        return campaign
    campaign, member = campaign_for_annotator(user, slug)
    if member.role != Role.MANAGER:
        raise NotAllowed(gettext("Only this campaign's managers can do this."), code="not_a_manager")
    return campaign


def campaign_for_reader(user: User, slug: str) -> tuple[Campaign, Member | None]:
    """The campaign for any of its members, with their membership, or for a superuser. Raises NotFound to strangers."""
    if not user.is_superuser:
        return campaign_for_member(user, slug)
    campaign = Campaign.objects.filter(slug=slug).first()
    if campaign is None:
        raise NotFound(gettext("This campaign does not exist."))
    return campaign, campaign.members.filter(user=user).first()


def campaign_for_reviewer(user: User, slug: str) -> Campaign:
    """The campaign, for those who may see what people voted and which model made an image: its active managers and
    reviewers, and superusers. Raises NotFound to strangers, NotAllowed to other members.
    """
    if user.is_superuser:
        return campaign_for_reader(user, slug)[0]
    campaign, member = campaign_for_annotator(user, slug)
    if member.role not in (Role.REVIEWER, Role.MANAGER):
        raise NotAllowed(gettext("Only this campaign's reviewers and managers can do this."), code="not_a_reviewer")
    return campaign


def is_manager(user: User, campaign: Campaign) -> bool:
    """Whether the user may decide in the campaign: its active managers, and superusers."""
    return user.is_superuser or Member.objects.managers().filter(campaign=campaign, user=user).exists()


def readers_campaigns(user: User | None) -> QuerySet[Campaign]:
    """The campaigns whose releases the user may read, or anybody where it is None.

    Public data is for everybody, though not of a draft; the rest is for active reviewers and managers, and superusers.
    """
    if user is not None and user.is_superuser:
        return Campaign.objects.all()
    may_read = Q(data_is_public=True) & ~Q(state=CampaignState.DRAFT)
    if user is not None:
        own = Member.objects.active().filter(user=user, role__in=[Role.REVIEWER, Role.MANAGER])
        may_read |= Q(pk__in=own.values("campaign"))
    return Campaign.objects.filter(may_read)


def may_create_campaigns(user: User) -> bool:
    """Whether the user may make campaigns: staff, and those who were given the right."""
    return user.is_staff or user.has_perm("annotator.add_campaign")


def require_may_create_campaigns(user: User) -> None:
    """Raises NotAllowed unless the user may make campaigns."""
    if not may_create_campaigns(user):
        raise NotAllowed(gettext("Only staff and users who may add campaigns can do this."), code="may_not_create")


def console_campaigns(user: User) -> QuerySet[Campaign]:
    """The campaigns that have a console for the user, the newest first, each with the user's `role` in it.

    Those of their active managers and reviewers; for a superuser all, where a `role` of None is that of a manager.
    """
    own = Member.objects.active().filter(user=user, campaign=OuterRef("pk"), role__in=[Role.REVIEWER, Role.MANAGER])
    campaigns = Campaign.objects.annotate(role=Subquery(own.values("role")[:1])).order_by("-created_at", "-pk")
    return campaigns if user.is_superuser else campaigns.filter(role__isnull=False)


def require_superuser(user: User) -> None:
    """Raises NotAllowed unless the user administers the whole site."""
    if not user.is_superuser:
        raise NotAllowed(gettext("Only the administrators of this site can do this."), code="not_an_administrator")


def require_console(user: User) -> None:
    """Raises NotAllowed for those who manage and review nothing."""
    if not (user.is_staff or user.is_superuser or console_campaigns(user).exists()):
        raise NotAllowed(gettext("Only managers and reviewers of a campaign can do this."), code="not_a_reviewer")
