"""The page behind an invite link, and the consent text of a campaign."""

from __future__ import annotations

from dataclasses import asdict, astuple, dataclass

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_not_required
from django.core import signing
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotator.accounts.allauth_adapters import SIGN_UP_BY
from annotator.campaigns import consent as campaign_consent
from annotator.campaigns import crowd, invites, join_limits
from annotator.campaigns.access import campaign_for_annotator, campaign_for_member
from annotator.campaigns.platform_tokens import PARAMETERS, PlatformIds, read_token
from annotator.errors import Conflict, DomainError, NotAllowed, NotFound
from annotator.lib.client_address import address_of
from annotator.models import Invite, Member, User
from annotator.views.middleware.domain_errors import status_of
from annotator.views.requests import PageRequest, UserRequest

VISIT_SALT = "annotator.views.annotate.join"
VISIT_SECONDS = 3600  # to read the page in; the platform's own signature may be good for minutes only


@dataclass(frozen=True)
class Arrival:
    """A visitor at an invite link: logged in, sent by a crowd platform, or neither yet."""

    invite: Invite
    user: User | None
    ids: PlatformIds
    is_signed: bool = False

    @classmethod
    def of(cls, request: PageRequest, key: str) -> Arrival:
        """Raises NotFound for a link that this site did not make, and NotAllowed for a signature that is not valid."""
        parameters = request.POST if request.method == "POST" else request.GET
        invite = invites.find_invite(key)
        user = request.user if request.user.is_authenticated else None
        if invite.platform_key and (signed := signed_ids(request, invite)):
            return cls(invite, user, signed, is_signed=True)
        names = (parameters.get(name, "") for name in ("PROLIFIC_PID", "STUDY_ID", "SESSION_ID"))
        return cls(invite, user, PlatformIds(*names))

    @property
    def is_crowd(self) -> bool:
        """Whether a crowd platform sent them. A visitor who is logged in with an account must log out first."""
        return self.invite.for_crowd and bool(self.ids.participant)

    @property
    def visit(self) -> str:
        """What the form sends back of parameters that the platform signed, signed by us. Empty where they are not."""
        return signing.dumps([self.invite.pk, *astuple(self.ids)], salt=VISIT_SALT) if self.is_signed else ""

    def member(self) -> Member | None:
        """Their membership in this campaign, if they have one."""
        if self.is_crowd:
            identity = crowd.find_crowd_identity(self.invite, self.ids.participant)
            return identity.member if identity else None
        return self.invite.campaign.members.filter(user=self.user).first() if self.user else None

    def check(self) -> None:
        """Raises what joining would raise, before the visitor reads the page."""
        if self.is_crowd:
            crowd.check_platform_ids(**asdict(self.ids))
            crowd.require_signature(self.invite, is_signed=self.is_signed)
        if self.member() is None:
            invites.require_usable(self.invite)

    def join(self, *, consent_version: int | None) -> Member:
        if not self.is_crowd:
            assert self.user is not None
            return invites.join(invite=self.invite, by=self.user, consent_version=consent_version)
        return crowd.join_from_crowd(
            invite=self.invite,
            participant=self.ids.participant,
            study=self.ids.study,
            session=self.ids.session,
            is_signed=self.is_signed,
            by=self.user,
            consent_version=consent_version,
        )


def signed_ids(request: PageRequest, invite: Invite) -> PlatformIds | None:
    """Whom the platform's signature names in the address, or ours in the form of the page behind it. Raises NotAllowed."""
    if request.method == "POST":
        try:
            invite_id, *names = signing.loads(request.POST.get("visit", ""), salt=VISIT_SALT, max_age=VISIT_SECONDS)
        except signing.SignatureExpired as error:
            raise NotAllowed(
                gettext("This page is too old. Start again from the study page."), code="platform_token_expired"
            ) from error
        except signing.BadSignature:
            return None
        return PlatformIds(*names) if invite_id == invite.pk else None
    token = next((request.GET[name] for name in PARAMETERS if request.GET.get(name)), "")
    if not token:
        return None
    return read_token(token, encrypted_key=invite.platform_key, host=request.get_host(), customer=invite.platform_customer)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_not_required
def join(request: PageRequest, key: str) -> HttpResponse:
    """The campaign, its consent text, and the button to join. Opening the link alone changes nothing."""
    try:
        arrival = Arrival.of(request, key)
        arrival.check()
        if request.method == "POST" and (arrival.is_crowd or arrival.user):
            return join_now(request, arrival)
    except Conflict as conflict:
        if request.method != "POST":
            return render(request, "annotate/unusable.html", {"error": conflict}, status=503)
        messages.warning(request, conflict.detail)
        return redirect(request.get_full_path())
    except DomainError as error:
        return render(request, "annotate/unusable.html", {"error": error}, status=status_of(error))
    member = arrival.member()
    if member and member.user == arrival.user and campaign_consent.must_agree(member) is None:
        return redirect("annotate", arrival.invite.campaign.slug)
    if arrival.user is None and not arrival.is_crowd:
        request.session[SIGN_UP_BY] = arrival.invite.pk
    context = {"arrival": arrival, "campaign": arrival.invite.campaign, "consent_text": arrival.invite.campaign.consent_text}
    return render(request, "annotate/join.html", context)


def join_now(request: PageRequest, arrival: Arrival) -> HttpResponse:
    """Raises what joining raises, and Conflict if another account is logged in."""
    if arrival.is_crowd and arrival.user and not arrival.user.is_crowd:
        raise Conflict(
            gettext("You are logged in as %(user)s. Log out first to take part through the platform.") % {"user": arrival.user}
        )
    if arrival.member() is None:
        join_limits.begin_joining(invite=arrival.invite, address=address_of(request))
    member = arrival.join(consent_version=version_in(request))
    if arrival.user != member.user:
        logout(request)  # another crowd worker on the same computer
        login(request, member.user, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session.pop(SIGN_UP_BY, None)
    return redirect("annotate", arrival.invite.campaign.slug)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def consent(request: UserRequest, slug: str) -> HttpResponse:
    """The consent text in force, the versions the member agreed to, and a button if they have not agreed yet."""
    campaign, member = campaign_for_member(request.user, slug)
    if campaign.consent_text is None:
        raise NotFound(gettext("This campaign has no consent text."))
    if request.method == "POST":
        campaign_for_annotator(request.user, slug)
        try:
            campaign_consent.agree(member=member, version=version_in(request))
        except Conflict as conflict:
            messages.warning(request, conflict.detail)
            return redirect("consent", slug)
        return redirect("annotate", slug)
    context = {
        "campaign": campaign,
        "member": member,
        "must_agree": campaign_consent.must_agree(member),
        "consents": member.consents.select_related("text").order_by("-pk"),
    }
    return render(request, "annotate/consent.html", context)


def version_in(request: PageRequest) -> int | None:
    """The version on the page, so that nobody agrees to a version published meanwhile without reading it."""
    version = request.POST.get("consent_version", "")
    return int(version) if version.isascii() and version.isdigit() and len(version) < 10 else None
