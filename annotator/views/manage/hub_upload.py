"""Publishing a campaign's releases on the Hub: where to and with which token, and the button on a release's page."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from annotator import tasks
from annotator.campaigns.access import campaign_for_manager
from annotator.errors import DomainError, NotFound
from annotator.models import Release
from annotator.releasing import hub_upload
from annotator.views.form_input import add_domain_error
from annotator.views.manage.common import posted, status_of
from annotator.views.manage.forms import HubAccountForm
from annotator.views.requests import UserRequest


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def hub_account(request: UserRequest, slug: str) -> HttpResponse:
    campaign = campaign_for_manager(request.user, slug)
    account = hub_upload.account_of(campaign)
    initial = {"repository": account.repository, "is_private": account.is_private} if account else {}
    form = HubAccountForm(posted(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            hub_upload.save_account(
                campaign=campaign,
                repository=form.cleaned_data["repository"],
                is_private=form.cleaned_data["is_private"],
                token=form.cleaned_data["token"],
                by=request.user,
            )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, gettext("Saved. Publish a release from its page."))
            return redirect("releases", slug)
    context = {"campaign": campaign, "account": account, "form": form}
    return render(request, "manage/releases/hub_account.html", context, status=status_of(form))


@require_POST
def check_hub_account(request: UserRequest, slug: str) -> HttpResponse:
    """Ask the Hub whether the saved token works."""
    campaign = campaign_for_manager(request.user, slug)
    try:
        name, may_write = hub_upload.check_token(campaign=campaign)
    except DomainError as error:
        messages.error(request, error.detail)
    else:
        if may_write:
            messages.success(request, gettext("The Hub accepts the token. It belongs to %(name)s.") % {"name": name})
        else:
            words = gettext("The token belongs to %(name)s and can only read. Create one with write access.")
            messages.error(request, words % {"name": name})
    return redirect("hub_account", slug)


@require_POST
def forget_hub_account(request: UserRequest, slug: str) -> HttpResponse:
    campaign = campaign_for_manager(request.user, slug)
    hub_upload.forget_account(campaign=campaign, by=request.user)
    messages.success(request, gettext("The token is deleted. Published releases stay on the Hub."))
    return redirect("hub_account", slug)


@require_POST
def publish_release(request: UserRequest, slug: str, number: int) -> HttpResponse:
    campaign = campaign_for_manager(request.user, slug)
    release: Release | None = campaign.releases.filter(number=number).first()
    if release is None:
        raise NotFound(gettext("This release does not exist."))
    try:
        publication = hub_upload.create_publication(release=release, by=request.user)
    except DomainError as error:
        messages.error(request, error.detail)
    else:
        tasks.enqueue(tasks.publish_release, publication.pk)
        messages.success(
            request,
            gettext("Release %(number)s is being published to %(repository)s.")
            % {"number": release.number, "repository": publication.repository},
        )
    return redirect("release_page", slug, number)
