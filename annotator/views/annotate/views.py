"""The annotation page: a deck of pairs, and the actions on them: vote, skip, flag, undo.

With htmx, an action returns the cards that the page does not hold yet. Without htmx it redirects to the page.
"""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import get_template
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from annotator.campaigns.access import campaign_for_member, require_own_page
from annotator.errors import DomainError, NotFound
from annotator.judging.undo import undo_act
from annotator.judging.voting import cast_vote, flag_assignment, skip_assignment
from annotator.lib.public_ids import ASSIGNMENTS, MEMBERS, NOTICES
from annotator.models import Assignment, Member
from annotator.views.annotate.forms import FlagForm, VoteForm
from annotator.views.annotate.page_data import controls_of
from annotator.views.annotate.page_state import HELD_LIMIT, ClientState, PageState, next_state, recorded
from annotator.views.form_input import require_valid, whole_number
from annotator.views.middleware.domain_errors import REFUSAL, status_of
from annotator.views.requests import UserRequest


@never_cache
@require_safe
def annotate(request: UserRequest, slug: str) -> HttpResponse:
    """The next pairs for this member, or why there are none."""
    _, member = campaign_for_member(request.user, slug)
    state = next_state(member, client=client_state(request))
    if state.first:
        return redirect_first(request, state)
    return render_partial(state) if request.htmx else render_page(request, state)


@require_POST
def vote(request: UserRequest, assignment_id: int) -> HttpResponse:
    form = VoteForm(request.POST)
    try:
        require_valid(form, gettext("This answer is not valid."))
        cast = cast_vote(
            assignment_id=assignment_id,
            by=request.user,
            choices=form.choices(),
            elapsed_ms=form.cleaned_data["elapsed_ms"],
            comment=form.cleaned_data["comment"],
            conditions=form.cleaned_data["conditions"],
        )
    except DomainError as error:
        return refused(request, assignment_id, error)
    member = cast.assignment.member
    words = recorded(member.answered_count, [vote.choice for vote in cast.votes], a_on_left=cast.assignment.a_on_left)
    return respond(request, next_state(member, client=client_state(request), status_message=words))


@require_POST
def skip(request: UserRequest, assignment_id: int) -> HttpResponse:
    def act() -> Assignment:
        return skip_assignment(assignment_id=assignment_id, by=request.user)

    return act_and_respond(request, assignment_id, act, status_message=gettext("Skipped. You will not see this pair again."))


@require_POST
def flag(request: UserRequest, assignment_id: int) -> HttpResponse:
    form = FlagForm(request.POST)

    def act() -> Assignment:
        require_valid(form, gettext("Choose what is wrong with the pair."))
        reason, note = form.cleaned_data["reason"], form.cleaned_data["note"]
        return flag_assignment(assignment_id=assignment_id, by=request.user, reason=reason, note=note)

    return act_and_respond(request, assignment_id, act, status_message=gettext("Flagged. You will not see this pair again."))


@require_POST
def undo(request: UserRequest, assignment_id: int) -> HttpResponse:
    """Undo the vote, the skip or the flag of this assignment and show its pair again."""

    def act() -> Assignment:
        return undo_act(assignment_id=assignment_id, by=request.user)

    return act_and_respond(request, assignment_id, act, status_message=gettext("Undone. Judge this pair again."))


def act_and_respond(
    request: UserRequest, assignment_id: int, act: Callable[[], Assignment], *, status_message: str
) -> HttpResponse:
    try:
        assignment = act()
    except DomainError as error:
        return refused(request, assignment_id, error)
    return respond(request, next_state(assignment.member, client=client_state(request), status_message=status_message))


def client_state(request: UserRequest) -> ClientState:
    """What the page says it holds. Wrong values are ignored: at worst the page gets a card it already holds."""
    data = request.POST if request.method == "POST" else request.GET
    numbers = map(whole_number, data.get("have", "").split(",")[:HELD_LIMIT])
    cards = frozenset(ASSIGNMENTS.find(number) for number in numbers if number is not None)
    notice = whole_number(data.get("notice"))
    return ClientState(cards, whole_number(data.get("unsent")) or 0, None if notice is None else NOTICES.find(notice))


def render_page(request: UserRequest, state: PageState, *, error: DomainError | None = None, status: int = 200) -> HttpResponse:
    context = {"state": state, "guideline": state.campaign.guideline, "error": error} | controls_of(state, request.user)
    return render(request, "annotate/page.html", context, status=status)


def render_partial(state: PageState, *, error: DomainError | None = None, status: int = 200) -> HttpResponse:
    """The cards that the page does not hold. Rendered without the request, which saves the context processors."""
    html = get_template("annotate/_page_state.html").render({"state": state, "error": error})
    response = HttpResponse(html, status=status)
    if error is not None:
        response["HX-Retarget"] = "#cards"
        response[REFUSAL] = error.code
    return response


def respond(request: UserRequest, state: PageState) -> HttpResponse:
    if request.htmx and not state.first:
        return render_partial(state)
    messages.success(request, state.status_message)
    return redirect_first(request, state) if state.first else redirect("annotate", state.campaign.slug)


def redirect_first(request: UserRequest, state: PageState) -> HttpResponse:
    """Redirect to the page to visit before any pair."""
    there = redirect(state.first, state.campaign.slug)
    return HttpResponseClientRedirect(there.url) if request.htmx else there


def refused(request: UserRequest, assignment_id: int, error: DomainError) -> HttpResponse:
    """Why the action was refused, and the next pair. Raises NotFound if the assignment is not the user's.

    A page that says which of the user's memberships it is for goes on all the same: after the site was restored from a backup,
    pages hold assignments that it does not know.
    """
    members = Member.objects.filter(user=request.user).select_related("campaign")
    member = members.filter(assignments=assignment_id).first()
    named = whole_number(request.POST.get("member"))
    if member is None and request.htmx and named is not None:
        member = members.filter(pk=MEMBERS.find(named)).first()
    if member is None:
        require_own_page(request.user, None if named is None else MEMBERS.find(named))
        raise NotFound(gettext("This pair is not assigned to you.")) from error
    status = status_of(error)
    state = next_state(member, client=client_state(request))
    if request.htmx:
        return render_partial(state, error=error, status=status)
    return render_page(request, state, error=error, status=status)
