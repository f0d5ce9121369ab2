"""The question by which annotators may describe themselves: the manager's page, and the annotator's own."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotator.campaigns import demographics
from annotator.campaigns.access import campaign_for_annotator, campaign_for_manager
from annotator.errors import DomainError, NotFound
from annotator.models import SelfDescription
from annotator.views.form_input import add_domain_error
from annotator.views.manage.common import posted, status_of
from annotator.views.manage.forms import GroupQuestionForm
from annotator.views.requests import UserRequest

DECLINED = ""  # the value of the button that says nothing


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def edit_group_question(request: UserRequest, slug: str) -> HttpResponse:
    campaign = campaign_for_manager(request.user, slug)
    asked = demographics.group_question_of(campaign)
    if request.method == "POST" and "stop" in request.POST:
        demographics.stop_asking(campaign=campaign, by=request.user)
        messages.success(request, gettext("The question and all its answers are deleted."))
        return redirect("group_question", slug)
    initial = {"text": asked.text, "options": "\n".join(asked.options), "people_min": asked.people_min} if asked else {}
    form = GroupQuestionForm(posted(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            demographics.ask_groups(
                campaign=campaign,
                text=form.cleaned_data["text"],
                options=form.cleaned_data["options"].splitlines(),
                people_min=form.cleaned_data["people_min"],
                by=request.user,
            )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, gettext("Saved. Annotators see the question below the campaign in their list."))
            return redirect("statistics", slug)
    context = {"campaign": campaign, "asked": asked, "form": form}
    return render(request, "manage/statistics/group_question.html", context, status=status_of(form))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def about_you(request: UserRequest, slug: str) -> HttpResponse:
    """The question, what becomes of the answer, and the annotator's answer so far."""
    campaign, member = campaign_for_annotator(request.user, slug)
    asked = demographics.group_question_of(campaign)
    if asked is None:
        raise NotFound(gettext("This campaign has no question about you."))
    if request.method == "POST":
        try:
            demographics.describe(member=member, option=request.POST.get("option", DECLINED) or None)
        except DomainError as error:
            messages.error(request, error.detail)
        else:
            messages.success(request, "Saved. Thank you." if request.POST.get("option") else "Your answer is deleted.")
        return redirect("about_you", slug)
    answer = SelfDescription.objects.filter(member=member).first()
    return render(request, "annotate/about_you.html", {"campaign": campaign, "asked": asked, "answer": answer})
