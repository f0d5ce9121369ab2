"""The training of new annotators: gold pairs, each followed by the correct answer and its explanation."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotator.campaigns.access import campaign_for_annotator
from annotator.campaigns.consent import must_agree
from annotator.campaigns.guidelines import must_read
from annotator.choices import CampaignState, Choice
from annotator.errors import DomainError, NotFound
from annotator.judging import training
from annotator.judging.eligibility import training_is_due
from annotator.judging.shown_choices import ShownChoice, shown_among, shown_choice
from annotator.lib.public_ids import ASSIGNMENTS
from annotator.models import Assignment, Campaign, Question
from annotator.views.annotate.forms import VoteForm
from annotator.views.annotate.page_data import key_data
from annotator.views.form_input import require_valid, whole_number
from annotator.views.requests import UserRequest

PER_PAGE = 100


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def train(request: UserRequest, slug: str) -> HttpResponse:
    """The next training pair, or the result of the try. A POST answers the pair."""
    campaign, member = campaign_for_annotator(request.user, slug)
    if must_agree(member) or must_read(member):
        return redirect("guideline", slug)
    if campaign.state != CampaignState.OPEN or not training_is_due(member):
        return redirect("annotate", slug)
    if request.method == "POST":
        return answer(request, campaign)
    member = training.conclude(member=member)
    seat = training.next_training(member=member) if member.training_failed_at is None else None
    progress = training.progress_of(member)
    if seat is None:
        return render(request, "annotate/training/over.html", {"campaign": campaign, "progress": progress})
    questions = [(question, buttons_of(question, seat)) for question in campaign.questions.order_by("position")]
    context = {"campaign": campaign, "progress": progress, "seat": seat, "questions": questions, "sides": sides_of(seat)}
    context["seat_shown_as"] = ASSIGNMENTS.show(seat.pk)
    context["page_data"] = key_data(campaign, [question for question, _ in questions], request.user)
    return render(request, "annotate/training/pair.html", context)


def answer(request: UserRequest, campaign: Campaign) -> HttpResponse:
    form = VoteForm(request.POST)
    assignment_id = ASSIGNMENTS.find(whole_number(request.POST.get("assignment")) or 0)
    try:
        require_valid(form, gettext("This answer is not valid."))
        training.answer_training(
            assignment_id=assignment_id,
            by=request.user,
            choices=form.choices(),
            elapsed_ms=form.cleaned_data["elapsed_ms"],
        )
    except NotFound:
        raise
    except DomainError as error:
        messages.error(request, error.detail)
        return redirect("training", campaign.slug)
    return redirect("training_feedback", campaign.slug, assignment_id)


@never_cache
@require_safe
def feedback(request: UserRequest, slug: str, assignment_id: int) -> HttpResponse:
    """The feedback on a training answer: whether it was correct, the correct answer and why."""
    campaign, _ = campaign_for_annotator(request.user, slug)
    feedback = training.feedback_on(assignment_id=assignment_id, by=request.user)
    seat = feedback.assignment
    if seat.member.campaign_id != campaign.pk:
        raise NotFound(gettext("Answer not found in this campaign."))
    context = {
        "campaign": campaign,
        "feedback": feedback,
        "progress": feedback.progress,
        "seat": seat,
        "sides": sides_of(seat),
        "chosen": in_words(seat, feedback.choice),
        "correct": in_words(seat, str(seat.pair.gold_choice)),
    }
    return render(request, "annotate/training/feedback.html", context)


@require_POST
def try_again(request: UserRequest, slug: str) -> HttpResponse:
    _, member = campaign_for_annotator(request.user, slug)
    try:
        training.try_again(member=member)
    except DomainError as error:
        messages.error(request, error.detail)
    return redirect("training", slug)


def in_words(seat: Assignment, choice: str) -> str:
    """Training shows the images side by side at any width, so left is always left."""
    return str(shown_choice(choice, a_on_left=seat.a_on_left).wide.sentence)


def sides_of(seat: Assignment) -> list[dict[str, Any]]:
    """The two images from left to right, each with what a vote for it posts."""
    pair = seat.pair
    both = [
        {"slot": Choice.A.value, "image": pair.image_a, "is_correct": pair.gold_choice == Choice.A},
        {"slot": Choice.B.value, "image": pair.image_b, "is_correct": pair.gold_choice == Choice.B},
    ]
    left, right = both if seat.a_on_left else reversed(both)
    return [
        left | {"name": gettext("Left image"), "name_if_correct": gettext("Left image, the correct answer")},
        right | {"name": gettext("Right image"), "name_if_correct": gettext("Right image, the correct answer")},
    ]


def buttons_of(question: Question, seat: Assignment) -> list[tuple[ShownChoice, str]]:
    """The choices of a question, each with what it posts."""
    return [(shown, shown.slot(a_on_left=seat.a_on_left)) for shown in shown_among(question.choices)]
