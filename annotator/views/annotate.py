"""The annotation page: a pair, a vote, the next pair; or a skip, a flag, an undo."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import format_html
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from annotator.access import campaign_for_member
from annotator.campaigns import current_guideline
from annotator.choices import Choice
from annotator.errors import NotFound, Refusal
from annotator.forms import FlagForm, VoteForm, require_valid
from annotator.models import Assignment, Member, Question
from annotator.views.refusals import status_of
from annotator.views.requests import UserRequest
from annotator.views.turns import AHEAD, Turn, next_turn, progress_of, turn_after
from annotator.voting import CastVote, cast_vote_and_go_on, flag_assignment, skip_assignment, undo_last_vote


@never_cache
@require_safe
def annotate(request: UserRequest, slug: str) -> HttpResponse:
    """The pair that is next for this member, or why there is none."""
    _, member = campaign_for_member(request.user, slug)
    turn = next_turn(member)
    if turn.must_read:
        return redirect("guideline", slug)
    return page(request, turn)


@require_POST
def vote(request: UserRequest, assignment_id: int) -> HttpResponse:
    form = VoteForm(request.POST)
    try:
        require_valid(form, "That is not a possible answer.")
        cast, queue = cast_vote_and_go_on(
            assignment_id=assignment_id,
            by=request.user,
            choices=form.choices(lambda: primary_slug(assignment_id)),
            elapsed_ms=form.cleaned_data["elapsed_ms"],
            count=1 + AHEAD,
        )
    except Refusal as refusal:
        return refused(request, assignment_id, refusal)
    return show_next(request, turn_after(cast, queue, said=words_for(cast)))


@require_POST
def skip(request: UserRequest, assignment_id: int) -> HttpResponse:
    try:
        assignment = skip_assignment(assignment_id=assignment_id, by=request.user)
    except Refusal as refusal:
        return refused(request, assignment_id, refusal)
    return show_next(request, next_turn(assignment.member, said="Skipped. This pair will not come back to you."))


@require_POST
def flag(request: UserRequest, assignment_id: int) -> HttpResponse:
    form = FlagForm(request.POST)
    try:
        require_valid(form, "Say what is wrong with the pair.")
        assignment = flag_assignment(
            assignment_id=assignment_id, by=request.user, reason=form.cleaned_data["reason"], note=form.cleaned_data["note"]
        )
    except Refusal as refusal:
        return refused(request, assignment_id, refusal)
    return show_next(request, next_turn(assignment.member, said="Flagged. This pair will not come back to you."))


@require_POST
def undo(request: UserRequest, slug: str) -> HttpResponse:
    """Take back the member's last vote here; its pair is before them again."""
    _, member = campaign_for_member(request.user, slug)
    try:
        assignment = undo_last_vote(member=member, by=request.user)
    except Refusal as refusal:
        return refused_to(request, member, refusal)
    return show_next(request, next_turn(assignment.member, said="Undone. This pair waits for your answer again."))


def page(request: UserRequest, turn: Turn, *, refusal: Refusal | None = None, status: int = 200) -> HttpResponse:
    context = {"turn": turn, "guideline": current_guideline(turn.campaign), "refusal": refusal}
    return render(request, "annotate/page.html", context, status=status)


def show_next(request: UserRequest, turn: Turn) -> HttpResponse:
    """The next card as a piece; for a browser without JavaScript the page again."""
    if not request.htmx:
        messages.success(request, turn.said)
        return redirect("annotate", turn.campaign.slug)
    if turn.must_read:
        messages.success(request, turn.said)
        return HttpResponseClientRedirect(redirect("guideline", turn.campaign.slug).url)
    return render(request, "annotate/_turn.html", {"turn": turn})


def refused(request: UserRequest, assignment_id: int, refusal: Refusal) -> HttpResponse:
    """The refusal in place of the card, with a way on. Raises NotFound where the assignment is not the user's."""
    member = Member.objects.filter(assignments=assignment_id, user=request.user).select_related("campaign__progress").first()
    if member is None:
        raise NotFound("There is no such pair among those you were given.") from refusal
    return refused_to(request, member, refusal)


def refused_to(request: UserRequest, member: Member, refusal: Refusal) -> HttpResponse:
    turn = Turn(member.campaign, member, progress_of(member.campaign))
    status = status_of(refusal)
    if not request.htmx:
        return page(request, turn, refusal=refusal, status=status)
    response = render(request, "annotate/_turn.html", {"turn": turn, "refusal": refusal}, status=status)
    response["HX-Retarget"] = "#deck"  # base.js shows an error answer only where it says where it belongs
    return response


def primary_slug(assignment_id: int) -> str:
    """The question that a lone choice answers when the form does not say; "" for an unknown assignment."""
    questions = Question.objects.filter(campaign__members__assignments=assignment_id, position=0)
    return questions.values_list("slug", flat=True).first() or ""


def words_for(cast: CastVote) -> str:
    """What was recorded, in words for the annotator. The number makes each message new to a screen reader."""
    said = choice_in_words(cast.assignment, cast.votes[0].choice) if len(cast.votes) == 1 else f"{len(cast.votes)} answers"
    return format_html("Recorded: {}. {} judged.", said, cast.assignment.member.answered_count)


def choice_in_words(assignment: Assignment, choice: str) -> str:
    if choice not in (Choice.A, Choice.B):
        return str(Choice(choice).label).lower()
    is_left = (choice == Choice.A) == assignment.a_on_left
    return format_html(
        '<span class="when-wide">{}</span><span class="when-stacked">{}</span> is better',
        *(("left", "top") if is_left else ("right", "bottom")),
    )
