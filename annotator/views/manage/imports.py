"""Imports of a campaign."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotator import tasks
from annotator.campaigns.access import campaign_for_manager
from annotator.choices import RULES_IN_BATCHES, UNFINISHED_IMPORTS
from annotator.errors import DomainError, NotFound
from annotator.importing import lifecycle, undo
from annotator.importing.receive_upload import StoredUpload, UploadReceiver, quota_of
from annotator.models import Campaign, Import
from annotator.views.manage.common import PER_PAGE, posted, status_of
from annotator.views.manage.forms import ImportForm
from annotator.views.requests import UserRequest


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@csrf_exempt  # its token is in the body, which is read in `upload`, when it is known who sends it
def imports(request: UserRequest, slug: str) -> HttpResponse:
    """All imports, and the form that uploads a file for workers to read."""
    campaign = campaign_for_manager(request.user, slug)
    if request.method != "POST":
        return page_of_imports(request, campaign, ImportForm())
    receiver = UploadReceiver()
    receiver.begin(campaign, int(request.META.get("CONTENT_LENGTH") or 0))
    request.upload_handlers = [receiver]
    try:
        return upload(request, campaign, receiver)
    finally:
        receiver.remove_rest()


@csrf_protect
def upload(request: UserRequest, campaign: Campaign, receiver: UploadReceiver) -> HttpResponse:
    """The file goes into storage while the form is read."""
    form = ImportForm(posted(request), request.FILES)
    if not form.is_valid():
        return page_of_imports(request, campaign, form)
    file: StoredUpload = form.cleaned_data["file"]
    import_ = lifecycle.create_import(
        campaign=campaign,
        file_name=file.name or "upload",
        by=request.user,
        column_map=form.cleaned_data["column_map"],
        stored_name=file.stored_name,
        size=file.size or 0,
    )
    receiver.kept.add(file.stored_name)
    tasks.enqueue(tasks.ingest_import, import_.pk)
    messages.success(
        request, gettext("%(file_name)s is uploaded. The import runs in the background.") % {"file_name": import_.file_name}
    )
    return redirect(reverse("campaign_page", args=[campaign.slug]) + "#imports")


def page_of_imports(request: UserRequest, campaign: Campaign, form: ImportForm) -> HttpResponse:
    page = Paginator(campaign.imports.order_by("-pk"), PER_PAGE).get_page(request.GET.get("page"))
    quota = quota_of(campaign)
    context = {"campaign": campaign, "form": form, "page": page, "imports": page.object_list, "quota": quota}
    return render(request, "manage/pairs/imports.html", context, status=status_of(form))


@never_cache
@require_safe
def import_page(request: UserRequest, slug: str, import_id: int) -> HttpResponse:
    """One import: its counts, and why lines were refused."""
    campaign = campaign_for_manager(request.user, slug)
    import_ = import_of(campaign, import_id)
    page = Paginator(import_.line_errors.order_by("number"), PER_PAGE).get_page(request.GET.get("page"))
    makes_more = campaign.pairing_rule in RULES_IN_BATCHES
    context = {
        "campaign": campaign,
        "import": import_,
        "is_unfinished": import_.state in UNFINISHED_IMPORTS,
        "may_be_undone": undo.may_be_undone(import_),
        "pairs_now": import_.pairs.count(),
        "page": page,
        "makes_more": makes_more,
    }
    return render(request, "manage/pairs/import.html", context)


@require_POST
def cancel_import(request: UserRequest, slug: str, import_id: int) -> HttpResponse:
    """Import no further lines. Pairs that were added stay."""
    import_ = import_of(campaign_for_manager(request.user, slug), import_id)
    try:
        lifecycle.cancel_import(import_=import_, by=request.user)
    except DomainError as error:
        messages.error(request, error.detail)
    else:
        tasks.enqueue(tasks.clear_import, import_.pk)
        messages.success(
            request, gettext("%(file_name)s is cancelled. Pairs that were already added stay.") % {"file_name": import_.file_name}
        )
    return redirect("import_page", slug, import_id)


@require_POST
def undo_import(request: UserRequest, slug: str, import_id: int) -> HttpResponse:
    """Remove the pairs that the import made, while none of them has votes."""
    import_ = import_of(campaign_for_manager(request.user, slug), import_id)
    try:
        undo.undo_import(import_=import_, by=request.user)
    except DomainError as error:
        messages.error(request, error.detail)
    else:
        tasks.enqueue(tasks.clear_import, import_.pk)
        messages.success(request, gettext("%(file_name)s is undone. Its pairs are removed.") % {"file_name": import_.file_name})
    return redirect("import_page", slug, import_id)


def import_of(campaign: Campaign, import_id: int) -> Import:
    """Raises NotFound."""
    import_: Import | None = (
        campaign.imports.filter(pk=import_id).select_related("created_by", "cancelled_by", "undone_by").first()
    )
    if import_ is None:
        raise NotFound(gettext("This import does not exist."))
    return import_
