"""What leaves releases that are out: the button that yanks one, the one that rebuilds, and the page of images taken down."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from annotator import tasks
from annotator.campaigns.access import campaign_for_manager
from annotator.errors import DomainError, NotFound
from annotator.models import Release
from annotator.releasing import take_down, withdrawal
from annotator.views.form_input import add_domain_error, require_valid
from annotator.views.manage.common import PER_PAGE, posted, status_of
from annotator.views.manage.release_forms import TakeDownForm, YankForm
from annotator.views.requests import UserRequest


@require_POST
def yank_release(request: UserRequest, slug: str, number: int) -> HttpResponse:
    """Take a release back for good. Its name must be typed."""
    campaign = campaign_for_manager(request.user, slug)
    release: Release | None = campaign.releases.filter(number=number).first()
    if release is None:
        raise NotFound(gettext("This release does not exist."))
    form = YankForm(request.POST, number=number)
    try:
        require_valid(form, gettext("Some values are not valid."))
        withdrawal.yank_release(release=release, reason=form.cleaned_data["reason"], by=request.user)
    except DomainError as error:
        reasons = " ".join(reason for its in error.errors.values() for reason in its)
        messages.error(request, reasons or error.detail)
    else:
        tasks.enqueue(tasks.clear_release, release.pk)
        messages.success(request, gettext("Release %(number)s is yanked. Its files are deleted.") % {"number": number})
    return redirect("release_page", slug, number)


@require_POST
def rebuild_releases(request: UserRequest, slug: str) -> HttpResponse:
    """Yank the releases that hold votes of people who withdrew, and build one without them."""
    campaign = campaign_for_manager(request.user, slug)
    try:
        new, yanked = withdrawal.rebuild_without_withdrawn(campaign=campaign, by=request.user)
    except DomainError as error:
        messages.error(request, error.detail)
        return redirect("releases", slug)
    tasks.enqueue(tasks.build_release, new.pk)
    for release in yanked:
        tasks.enqueue(tasks.clear_release, release.pk)
    words = ngettext(
        "%(count)d release is yanked. Release %(number)s is being built without these votes.",
        "%(count)d releases are yanked. Release %(number)s is being built without these votes.",
        len(yanked),
    )
    messages.success(request, words % {"count": len(yanked), "number": new.number})
    return redirect("release_page", slug, new.number)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def take_downs(request: UserRequest, slug: str) -> HttpResponse:
    """The images that were taken down; a POST takes one down."""
    campaign = campaign_for_manager(request.user, slug)
    form = TakeDownForm(posted(request), initial={"sha256": request.GET.get("sha256", "")})
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            done = take_down.take_down_image(campaign=campaign, sha256=values["sha256"], reason=values["reason"], by=request.user)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            for release in done.new:
                tasks.enqueue(tasks.build_release, release.pk)
            for release in done.ended:
                tasks.enqueue(tasks.clear_release, release.pk)
            messages.success(request, summary(done))
            return redirect("take_downs", slug)
    page = Paginator(campaign.take_downs.select_related("created_by"), PER_PAGE).get_page(request.GET.get("page"))
    context = {"campaign": campaign, "form": form, "page": page, "taken": page.object_list}
    return render(request, "manage/releases/take_downs.html", context, status=status_of(form))


def summary(done: take_down.Outcome) -> str:
    counts = {"campaigns": len(done.take_downs), "pairs": done.pairs_held, "releases": done.releases_yanked}
    words = gettext("The image is taken down. Campaigns: %(campaigns)d. Pairs held: %(pairs)d. Releases yanked: %(releases)d.")
    more = gettext("A campaign that you do not manage has the same file, so it stays in storage. Ask a site administrator.")
    return f"{words % counts} {more}" if done.remains_elsewhere else words % counts
