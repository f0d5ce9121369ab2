"""The pages of a campaign's managers: from making a campaign to its releases, without a shell.

Every form has a page of its own, where it is shown again with its errors; the campaign's page shows how it all stands.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib import messages
from django.core.files.storage import default_storage
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotator import auditing, campaigns, circulation, importing, limits, progress, publishing, releasing, reviewing, tasks
from annotator.access import campaign_for_manager, require_may_create_campaigns
from annotator.choices import UNFINISHED_RELEASES, CampaignState, ImportState, Label, MemberState, PairState, ReleaseState
from annotator.comparing import compare
from annotator.errors import NotFound, Refusal
from annotator.forms import (
    CampaignForm,
    GuidelineForm,
    ImportForm,
    MemberForm,
    NewCampaignForm,
    PairDecisionForm,
    add_refusal,
)
from annotator.models import Campaign, Import, Member, Release
from annotator.views.requests import UserRequest
from annotator.views.turns import progress_of

SHOWN_AT_FIRST = 5  # imports and releases on the campaign's page; the rest is on their own
MEMBERS_AT_FIRST = 20
FLAGGED_COUNTED = 1000  # beyond that the campaign's page says "more than"
PER_PAGE = 100
FLAGGED_PER_PAGE = 25  # each with two images
# Which of its two images is `a` was drawn at random, so the two say the same about a pair: one of its images won.
LABEL_ROWS = [
    ("One image is better", [Label.A, Label.B]),
    ("Both good", [Label.BOTH_GOOD]),
    ("Both bad", [Label.BOTH_BAD]),
    ("No majority", [Label.TIE]),
]
UNFINISHED_IMPORTS = [ImportState.QUEUED, ImportState.READING, ImportState.RUNNING]


def posted(request: UserRequest) -> QueryDict | None:
    """What a form was filled in with; None where it is only to be shown."""
    return request.POST if request.method == "POST" else None


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new_campaign(request: UserRequest) -> HttpResponse:
    require_may_create_campaigns(request.user)
    form = NewCampaignForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            campaign = campaigns.create_campaign(
                slug=form.cleaned_data["slug"],
                name=form.cleaned_data["name"],
                description=form.cleaned_data["description"],
                rules=campaigns.rules_in(form.cleaned_data),
                questions=[campaigns.NewQuestion(campaigns.DEFAULT_QUESTION.slug, form.cleaned_data["question"])],
                guideline=form.cleaned_data["guideline"],
                by=request.user,
            )
        except Refusal as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, f"{campaign.name} is made. It is a draft: nobody sees its pairs before you open it.")
            return redirect("campaign_page", campaign.slug)
    return render(request, "manage/new.html", {"form": form}, status=status_of(form))


@never_cache
@require_safe
def campaign_page(request: UserRequest, slug: str) -> HttpResponse:
    """How the campaign stands, and the way to everything a manager does."""
    campaign = campaign_for_manager(request.user, slug)
    context = {
        **live_context(campaign),
        "has_pairs": campaign.pairs.exists(),
        "guideline": campaigns.current_guideline(campaign),
        "questions": list(campaign.questions.order_by("position")),
        "limits": limits.in_words(campaign),
        "member_form": MemberForm(),
        "import_form": ImportForm(),
    }
    return render(request, "manage/campaign.html", context)


@never_cache
@require_safe
def campaign_progress(request: UserRequest, slug: str) -> HttpResponse:
    """The parts of the campaign's page that change by themselves."""
    campaign = campaign_for_manager(request.user, slug)
    return render(request, "manage/_live.html", live_context(campaign))


def live_context(campaign: Campaign) -> dict[str, Any]:
    """What the campaign's page shows of its state. From the rolled-up counters and a few rows, at any size."""
    counters = progress_of(campaign)
    labels = counters.label_counts
    pairs_scored = sum(labels.values())
    imports = list(campaign.imports.order_by("-pk")[:SHOWN_AT_FIRST])
    releases = list(campaign.releases.order_by("-number")[:SHOWN_AT_FIRST])
    is_working = any(row.state in UNFINISHED_IMPORTS for row in imports) or any(
        row.state in UNFINISHED_RELEASES for row in releases
    )
    return {
        "campaign": campaign,
        "progress": counters,
        "share_done": progress.share_done(counters),
        "time_left": progress.time_left(counters),
        "labels": [
            (words, count, count / pairs_scored if pairs_scored else 0)
            for words, count in ((words, sum(labels.get(label, 0) for label in those)) for words, those in LABEL_ROWS)
        ],
        "pairs_scored": pairs_scored,
        "members": list(progress.member_progress(campaign)[:MEMBERS_AT_FIRST]),
        "members_total": campaign.members.count(),
        "review": auditing.summary(campaign),
        "flagged_total": progress.flagged_pairs(campaign).order_by()[: FLAGGED_COUNTED + 1].count(),
        "near_identical_total": progress.near_identical_pairs(campaign)
        .exclude(state=PairState.HELD)
        .order_by()[: FLAGGED_COUNTED + 1]
        .count(),
        "imports": imports,
        "releases": releases,
        "namespace": settings.HUB_NAMESPACE,
        "newest_ready": next((row for row in releases if row.state == ReleaseState.READY), None),
        "is_live": campaign.state != CampaignState.CLOSED or is_working,
        "steps": [state for state in CampaignState if state in campaigns.STATE_CHANGES[CampaignState(campaign.state)]],
    }


@require_POST
def campaign_state(request: UserRequest, slug: str) -> HttpResponse:
    campaign = campaign_for_manager(request.user, slug)
    try:
        campaign = campaigns.change_state(campaign=campaign, state=request.POST.get("state", ""), by=request.user)
    except Refusal as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, f"{campaign.name} is now {campaign.get_state_display().lower()}.")
    return redirect("campaign_page", slug)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def campaign_settings(request: UserRequest, slug: str) -> HttpResponse:
    campaign = campaign_for_manager(request.user, slug)
    form = CampaignForm(posted(request), instance=campaign)
    if request.method == "POST" and form.is_valid():
        try:
            campaigns.change_campaign(
                campaign=campaign,
                name=form.cleaned_data["name"],
                description=form.cleaned_data["description"],
                rules=campaigns.rules_in(form.cleaned_data),
                by=request.user,
            )
        except Refusal as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, "The settings are saved.")
            return redirect("campaign_page", slug)
    return render(request, "manage/settings.html", {"campaign": campaign, "form": form}, status=status_of(form))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def edit_guideline(request: UserRequest, slug: str) -> HttpResponse:
    """The text of the next version, looked at first (`preview`) or published."""
    campaign = campaign_for_manager(request.user, slug)
    current = campaigns.current_guideline(campaign)
    form = GuidelineForm(posted(request), initial={"text": current.text if current else ""})
    preview = ""
    if request.method == "POST" and form.is_valid():
        if "preview" in request.POST:
            preview = form.cleaned_data["text"]
        else:
            made = campaigns.publish_guideline(
                campaign=campaign,
                text=form.cleaned_data["text"],
                change_note=form.cleaned_data["change_note"],
                by=request.user,
            )
            messages.success(request, f"Version {made.version} of the guideline is in force. Annotators accept it first.")
            return redirect("campaign_page", slug)
    changes = compare(current.text, preview) if current and preview else []
    context = {"campaign": campaign, "current": current, "form": form, "preview": preview, "changes": changes}
    return render(request, "manage/guideline.html", context, status=status_of(form))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def members(request: UserRequest, slug: str) -> HttpResponse:
    """All members, a page at a time, and the form that adds one or gives one another role."""
    campaign = campaign_for_manager(request.user, slug)
    form = MemberForm(posted(request))
    if request.method == "POST" and form.is_valid():
        person, role, kind = form.cleaned_data["person"], form.cleaned_data["role"], form.cleaned_data["kind"]
        try:
            member, is_new = campaigns.add_member(campaign=campaign, user=person, role=role, kind=kind, by=request.user)
        except Refusal as refusal:
            add_refusal(form, refusal)
        else:
            what = "is in the campaign now" if is_new else "has the role now"
            messages.success(request, f"{person} {what}: {member.get_role_display().lower()}.")
            return redirect(reverse("campaign_page", args=[slug]) + "#people")
    page = Paginator(progress.member_progress(campaign), PER_PAGE).get_page(request.GET.get("page"))
    context = {"campaign": campaign, "form": form, "page": page, "members": page.object_list}
    return render(request, "manage/members.html", context, status=status_of(form))


@require_POST
def member_state(request: UserRequest, slug: str, member_id: int) -> HttpResponse:
    campaign = campaign_for_manager(request.user, slug)
    member = member_of(campaign, member_id)
    try:
        member = campaigns.change_member_state(member=member, state=request.POST.get("state", ""), by=request.user)
    except Refusal as refusal:
        messages.error(request, refusal.detail)
    else:
        words = "is paused and gets no more pairs" if member.state == MemberState.PAUSED else "can work again"
        messages.success(request, f"{member.user} {words}.")
    return redirect("members", slug)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def member_suspension(request: UserRequest, slug: str, member_id: int) -> HttpResponse:
    """What suspending a member does, or letting them back, and the button that does it."""
    campaign = campaign_for_manager(request.user, slug)
    member = member_of(campaign, member_id)
    if request.method != "POST":
        return render(request, "manage/suspension.html", {"campaign": campaign, "member": member})
    try:
        if "lift" in request.POST:
            restored = reviewing.lift_suspension(member=member, by=request.user)
            messages.success(request, f"{member.user} can work again. Answers restored: {restored}.")
        else:
            seats = reviewing.suspend_member(member=member, by=request.user)
            messages.success(request, f"{member.user} is suspended. Seats given back: {seats}.")
    except Refusal as refusal:
        messages.error(request, refusal.detail)
    return redirect("members", slug)


def member_of(campaign: Campaign, member_id: int) -> Member:
    """Raises NotFound."""
    member: Member | None = campaign.members.filter(pk=member_id).select_related("user").first()
    if member is None:
        raise NotFound("There is no such member of this campaign.")
    return member


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def flags(request: UserRequest, slug: str) -> HttpResponse:
    """The pairs that annotators flagged, a page at a time; a POST decides about one of them."""
    campaign = campaign_for_manager(request.user, slug)
    flagged = progress.flagged_pairs(campaign)
    if request.method == "POST":
        form = PairDecisionForm(request.POST)
        pair = flagged.filter(pk=form.cleaned_data["pair"]).first() if form.is_valid() else None
        if pair is None:
            raise NotFound("There is no such flagged pair in this campaign; somebody may have decided already.")
        if form.cleaned_data["decision"] == "hold":
            circulation.hold_pairs(pair_ids=[pair.pk], by=request.user)
            messages.success(request, f"Pair {pair.pk} is taken out until you put it back.")
        else:
            circulation.return_pairs(pair_ids=[pair.pk], by=request.user)
            messages.success(request, f"Pair {pair.pk} is in circulation, and its flags are settled.")
        return redirect("flags", slug)
    page = Paginator(flagged, FLAGGED_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "manage/flags.html", {"campaign": campaign, "page": page})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def imports(request: UserRequest, slug: str) -> HttpResponse:
    """All imports, and the form that uploads a file for workers to read."""
    campaign = campaign_for_manager(request.user, slug)
    form = ImportForm(posted(request), request.FILES if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        upload = form.cleaned_data["file"]
        import_ = importing.create_import(
            campaign=campaign,
            file_name=upload.name,
            by=request.user,
            column_map=form.cleaned_data["column_map"],
            stored_name=default_storage.save(f"uploads/{uuid4().hex}", upload),
        )
        tasks.enqueue(tasks.ingest_import, import_.pk)
        messages.success(request, f"{import_.file_name} is uploaded. Its pairs come in while you do other things.")
        return redirect(reverse("campaign_page", args=[slug]) + "#imports")
    page = Paginator(campaign.imports.order_by("-pk"), PER_PAGE).get_page(request.GET.get("page"))
    context = {"campaign": campaign, "form": form, "page": page, "imports": page.object_list}
    return render(request, "manage/imports.html", context, status=status_of(form))


@never_cache
@require_safe
def import_page(request: UserRequest, slug: str, import_id: int) -> HttpResponse:
    """One import: its counts, and why lines were refused."""
    campaign = campaign_for_manager(request.user, slug)
    import_: Import | None = campaign.imports.filter(pk=import_id).select_related("created_by").first()
    if import_ is None:
        raise NotFound("There is no such import in this campaign.")
    page = Paginator(import_.line_errors.order_by("number"), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "manage/import.html", {"campaign": campaign, "import": import_, "page": page})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def releases(request: UserRequest, slug: str) -> HttpResponse:
    """All releases; a POST has a new one built from the votes as they are."""
    campaign = campaign_for_manager(request.user, slug)
    if request.method == "POST":
        try:
            release = releasing.create_release(campaign=campaign, by=request.user)
        except Refusal as refusal:
            messages.error(request, refusal.detail)
        else:
            tasks.enqueue(tasks.build_release, release.pk)
            messages.success(request, f"Release {release.number} is being built.")
        return redirect(reverse("campaign_page", args=[slug]) + "#releases")
    page = Paginator(campaign.releases.order_by("-number"), PER_PAGE).get_page(request.GET.get("page"))
    context = {"campaign": campaign, "page": page, "releases": page.object_list}
    return render(request, "manage/releases.html", context)


@never_cache
@require_safe
def release_page(request: UserRequest, slug: str, number: int) -> HttpResponse:
    """One release: its files to download, and how to load it."""
    campaign = campaign_for_manager(request.user, slug)
    release: Release | None = campaign.releases.filter(number=number).select_related("created_by", "cancelled_by").first()
    if release is None:
        raise NotFound("There is no such release of this campaign.")
    files = list(release.files.order_by("path"))
    context = {
        "campaign": campaign,
        "release": release,
        "files": files,
        "is_unfinished": release.state in UNFINISHED_RELEASES,
        "shards": release.shards.aggregate(all=Count("pk"), finished=Count("finished_at")),
        "size": sum(file.size for file in files),
        "hub_url": request.build_absolute_uri("/hub"),
        "repository": f"{settings.HUB_NAMESPACE}/{campaign.slug}",
        "account": publishing.account_of(campaign),
        "publications": list(release.publications.all()[:SHOWN_AT_FIRST]),
    }
    return render(request, "manage/release.html", context)


@require_POST
def cancel_release(request: UserRequest, slug: str, number: int) -> HttpResponse:
    """Stop building a release."""
    campaign = campaign_for_manager(request.user, slug)
    release: Release | None = campaign.releases.filter(number=number).first()
    if release is None:
        raise NotFound("There is no such release of this campaign.")
    try:
        releasing.cancel_release(release=release, by=request.user)
    except Refusal as refusal:
        messages.error(request, refusal.detail)
    else:
        tasks.enqueue(tasks.clear_release, release.pk)
        messages.success(request, f"Release {release.number} is cancelled. Nothing of it is kept.")
    return redirect("release_page", slug, number)


def status_of(form: Any) -> int:
    """400 for a form that comes back with errors, so that programs and tests see it as well as people."""
    return 400 if form.errors else 200
