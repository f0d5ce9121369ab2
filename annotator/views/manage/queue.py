"""The review queue: flags, undecided pairs, disputed gold, appeals and near-identical images, judged one after the other."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotator.campaigns.access import campaign_for_reviewer, is_manager
from annotator.choices import AdjudicationOutcome, FlagReason
from annotator.errors import Conflict, DomainError, Invalid, NotFound
from annotator.models import Adjudication, Campaign, Pair
from annotator.quality import adjudication, review_queue
from annotator.quality.review_queue import Kind
from annotator.scoring import pair_record
from annotator.views.form_input import require_valid
from annotator.views.manage.pairs import pair_of
from annotator.views.manage.queue_forms import DecideForm, MessageForm, RetireForm, ReturnForm
from annotator.views.requests import UserRequest

RECENT = 8  # outcomes beside the queue, each with its undo


@never_cache
@require_safe
def queue(request: UserRequest, slug: str) -> HttpResponse:
    """The first item of the queue, or the first after a place."""
    campaign = campaign_for_reviewer(request.user, slug)
    kind, after = request.GET.get("kind", ""), request.GET.get("after", "")
    try:
        item = review_queue.next_item(campaign, kind=kind, after=after)
    except Invalid as refused:
        messages.error(request, refused.detail)
        return redirect("queue", slug)
    if item is None:
        context = {**frame(campaign, kind), "after": after}
        return render(request, "manage/queue/empty.html", context)
    route = "answer_appeal" if item.kind == Kind.APPEAL else "queue_pair"
    query = urlencode({"kind": kind, "place": item.place})
    return redirect(f"{reverse(route, args=[slug, item.number])}?{query}")


def frame(campaign: Campaign, kind: str) -> dict[str, Any]:
    """What is around an item: the kinds with their counts, and the newest outcomes."""
    found = review_queue.counts(campaign)
    recent = Adjudication.objects.filter(campaign=campaign, cause__isnull=True).select_related("by", "undone_by", "question")
    return {
        "campaign": campaign,
        "kind": kind,
        "kinds": [(one, one.label, found[one]) for one in Kind],
        "counted": review_queue.COUNTED,
        "total": sum(found.values()),
        "recent": recent[:RECENT],
    }


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def queue_pair(request: UserRequest, slug: str, pair_id: int) -> HttpResponse:
    """A pair with all that a reviewer needs to decide; a POST is the outcome, and leads to the next item."""
    campaign = campaign_for_reviewer(request.user, slug)
    pair = pair_of(campaign, pair_id)
    kind, place = request.GET.get("kind", ""), request.GET.get("place", "")
    here = f"{request.path}?{urlencode({'kind': kind, 'place': place})}"
    item = f"pair-{pair.pk}"
    if request.method == "POST":
        try:
            with transaction.atomic():
                made = judge(request, campaign, pair)
        except (Conflict, Invalid) as refused:
            messages.error(request, " ".join([refused.detail, *(words for found in refused.errors.values() for words in found)]))
            return redirect(here)
        messages.success(request, words_of(made))
        if made.outcome == AdjudicationOutcome.MESSAGE:
            return redirect(here)
        review_queue.leave_item(campaign=campaign, item=item, user=request.user)
        return redirect(f"{reverse('queue', args=[slug])}?{urlencode({'kind': kind, 'after': place})}")
    return render(request, "manage/queue/pair.html", pair_context(request, campaign, pair, kind, place))


def pair_context(request: UserRequest, campaign: Campaign, pair: Pair, kind: str, place: str) -> dict[str, Any]:
    questions = list(campaign.questions.order_by("position"))
    votes, flags = pair_record.votes_on(pair), pair_record.flags_on(pair)
    open_flags = [flag for flag in flags if flag.resolved_at is None]
    seen = {"seen": adjudication.last_outcome(pair)}
    adjudications = list(pair.adjudications.select_related("question", "by", "undone_by"))
    retired = [row for row in adjudications if row.is_live and row.outcome == AdjudicationOutcome.RETIRE]
    unsafe = any(flag.reason == FlagReason.UNSAFE for flag in open_flags)
    reason = open_flags[0].reason if open_flags else ""
    item = f"pair-{pair.pk}"
    labels = pair_record.labels_of(pair)
    why = review_queue.kinds_of_pair(pair, labels=labels, adjudications=adjudications, flags=len(open_flags))
    return {
        **frame(campaign, kind),
        "pair": pair,
        "place": place,
        "query": urlencode({"kind": kind, "place": place}),
        "item": item,
        "others": review_queue.note_presence(campaign=campaign, item=item, user=request.user),
        "polled_every": review_queue.POLLED_EVERY,
        "why": [one.label for one in why],
        "is_reviewer": not is_manager(request.user, campaign),
        "clear": "clear" in request.GET,
        "votes": votes,
        "votes_shown": pair_record.VOTES_SHOWN,
        "questions_total": len(questions),
        "question": questions[0],
        "steps": pair_record.label_steps(votes, questions[0]),
        "labels": labels,
        "flags": flags,
        "flags_open": len(open_flags),
        "adjudications": adjudications,
        "is_retired": bool(retired),
        "decide_form": DecideForm(initial=seen, questions=questions, auto_id="decide_%s"),
        "return_form": ReturnForm(initial=seen, auto_id="return_%s"),
        "retire_form": RetireForm(
            initial=seen
            | {
                "reason": reason or ("identical_images" if kind == Kind.ALIKE else "other"),
                "unsafe_a": unsafe,
                "unsafe_b": unsafe,
            },
            auto_id="retire_%s",
        ),
        "message_form": MessageForm(initial=seen, flags=flags, auto_id="message_%s") if flags else None,
    }


def judge(request: UserRequest, campaign: Campaign, pair: Pair) -> Adjudication:
    """Do what the button says. Raises Invalid, and Conflict where somebody else decided meanwhile."""
    act = request.POST.get("act", "")
    flags = pair_record.flags_on(pair)
    form: Any
    if act == "return":
        form = ReturnForm(request.POST)
    elif act == "retire":
        form = RetireForm(request.POST)
    elif act == "decide":
        form = DecideForm(request.POST, questions=list(campaign.questions.order_by("position")))
    elif act == "message":
        form = MessageForm(request.POST, flags=flags)
    else:
        raise Invalid(gettext("This is nothing that can be done with a pair."))
    require_valid(form, gettext("The decision is not valid."))
    asked = form.cleaned_data
    adjudication.require_up_to_date(pair=pair, seen=asked["seen"])
    if act == "return":
        return adjudication.return_pair(pair=pair, by=request.user)
    if act == "decide":
        return adjudication.decide_pair(pair=pair, choices=form.choices(), by=request.user)
    if act == "message":
        flag = next(flag for flag in flags if flag.pk == asked["flag"])
        return adjudication.message_flagger(flag=flag, text=asked["text"], by=request.user)
    unsafe = adjudication.Unsafe(a=asked["unsafe_a"], b=asked["unsafe_b"])
    return adjudication.retire_pair(pair=pair, reason=asked["reason"], unsafe=unsafe, note=asked["note"], by=request.user)


def words_of(made: Adjudication) -> str:
    """What was done, in a sentence."""
    numbers = {
        "pair": made.pair_id,
        "choice": made.get_choice_display() if made.choice else "",
        "member": made.member and made.member.user,
    }
    words = {
        AdjudicationOutcome.RETURN: gettext("Pair %(pair)s is in circulation."),
        AdjudicationOutcome.RETIRE: gettext("Pair %(pair)s is retired."),
        AdjudicationOutcome.DECIDE: gettext("Pair %(pair)s is decided: %(choice)s."),
        AdjudicationOutcome.MESSAGE: gettext("%(member)s sees your message on the annotation page."),
    }
    return words[AdjudicationOutcome(made.outcome)] % numbers


@require_POST
def undo_adjudication(request: UserRequest, slug: str, adjudication_id: int) -> HttpResponse:
    """Undo an outcome, and show the pair again."""
    campaign = campaign_for_reviewer(request.user, slug)
    made = Adjudication.objects.filter(campaign=campaign, pk=adjudication_id).select_related("pair").first()
    if made is None:
        raise NotFound(gettext("This decision does not exist."))
    try:
        adjudication.undo_adjudication(adjudication=made, by=request.user)
    except DomainError as refused:
        messages.error(request, refused.detail)
    else:
        messages.success(request, gettext("Undone: pair %(pair)s is as it was before.") % {"pair": made.pair_id})
    query = urlencode({"kind": request.POST.get("kind", ""), "place": request.POST.get("place", "")})
    return redirect(f"{reverse('queue_pair', args=[slug, made.pair_id])}?{query}")


@never_cache
@require_POST
def presence(request: UserRequest, slug: str, item: str) -> HttpResponse:
    """The page says that it is still open, and is told who else looks at the item."""
    campaign = campaign_for_reviewer(request.user, slug)
    if not item.startswith(("pair-", "appeal-")) or len(item) > 32:
        raise NotFound(gettext("This item does not exist."))
    others = review_queue.note_presence(campaign=campaign, item=item, user=request.user)
    context = {"campaign": campaign, "item": item, "others": others, "polled_every": review_queue.POLLED_EVERY}
    return render(request, "manage/queue/_presence.html", context)
