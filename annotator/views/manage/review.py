"""The managers' pages of the review: how annotators do, what the rules did, and what waits for a decision.

Reviewers may look at them, and answer appeals; the rest managers alone decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotator.campaigns.access import campaign_for_reviewer, is_manager
from annotator.choices import ActionKind, Measure
from annotator.consensus.care import CAREER
from annotator.errors import DomainError, NotFound
from annotator.models import Appeal, Campaign, Member, ModerationAction, ReviewRule
from annotator.quality import appeals, reopen_appeals, review_queries, review_queue
from annotator.quality import rules as quality_rules
from annotator.scoring.statistics import stored_statistics
from annotator.views.form_input import add_domain_error
from annotator.views.manage.common import PER_PAGE, posted, status_of
from annotator.views.manage.review_forms import AnswerForm
from annotator.views.manage.shares import SHARES, Share, number, shares_of
from annotator.views.requests import UserRequest

ACTIONS_AT_FIRST = 10


@dataclass(frozen=True)
class Row:
    """A member with their shares, and skill and trust in words; `taste` is the letter of a group, or empty."""

    member: Member
    shares: list[Share]
    skill: str
    skill_interval: str
    trust: str
    own_trust: str
    taste: str


@dataclass(frozen=True)
class RuleInWords:
    """A rule, when it applies, what it tests, and how often it errs."""

    rule: ReviewRule
    words: str
    tests: str
    error: str
    is_undecided: bool


@never_cache
@require_safe
def review(request: UserRequest, slug: str) -> HttpResponse:
    """What waits for a decision, how everybody does, the rules, and the latest actions."""
    campaign = campaign_for_reviewer(request.user, slug)
    order = request.GET.get("order", "trust")
    page = Paginator(review_queries.measured_members(campaign, order=order), PER_PAGE).get_page(request.GET.get("page"))
    tastes = taste_groups(document_of(campaign))
    context = {
        "campaign": campaign,
        "may_decide": is_manager(request.user, campaign),
        "summary": review_queries.summary(campaign),
        "asking": [(rule, rule_in_words(rule), proposals_of(rule)) for rule in review_queries.asking_rules(campaign)],
        "appeals": list(appeals.open_appeals(campaign)),
        "rows": rows_of(page.object_list, letters_of(tastes)),
        "tastes": tastes,
        "headings": [(name, heading) for name, heading, *_ in SHARES],
        "order": order if order in review_queries.ORDERS else "trust",
        "page": page,
        "query": f"order={order}&" if order in review_queries.ORDERS else "",
        "rules": [explained(rule) for rule in quality_rules.ensure_rules(campaign)],
        "actions": [entry_of(action) for action in review_queries.actions_of(campaign)[:ACTIONS_AT_FIRST]],
    }
    return render(request, "manage/quality/review.html", context)


@never_cache
@require_safe
def moderation_log(request: UserRequest, slug: str) -> HttpResponse:
    """The whole record of what was done, a page at a time."""
    campaign = campaign_for_reviewer(request.user, slug)
    page = Paginator(review_queries.actions_of(campaign), PER_PAGE).get_page(request.GET.get("page"))
    context = {"campaign": campaign, "page": page, "actions": [entry_of(action) for action in page.object_list]}
    return render(request, "manage/people/moderation_log.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def answer_appeal(request: UserRequest, slug: str, appeal_id: int) -> HttpResponse:
    """One appeal: what was done, what the member says, and the answer (`accept` takes back what was done).

    The review queue leads here, and goes on from here.
    """
    campaign = campaign_for_reviewer(request.user, slug)
    query = urlencode({name: request.GET.get(name, "") for name in ("kind", "place")})
    item = f"appeal-{appeal_id}"
    row: Appeal | None = (
        Appeal.objects.filter(member__campaign=campaign, pk=appeal_id).select_related("member__user", "answered_by").first()
    )
    if row is None:
        raise NotFound(gettext("This appeal does not exist."))
    form = AnswerForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            appeals.answer_appeal(
                appeal=row, is_accepted="accept" in request.POST, answer=form.cleaned_data["answer"], by=request.user
            )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            done = "Appeal accepted" if "accept" in request.POST else "Appeal declined"
            messages.success(
                request, gettext("%(done)s. %(user)s can see your answer.") % {"done": done, "user": row.member.user}
            )
            review_queue.leave_item(campaign=campaign, item=item, user=request.user)
            kind, place = request.GET.get("kind", ""), request.GET.get("place", "")
            return redirect(f"{reverse('queue', args=[slug])}?{urlencode({'kind': kind, 'after': place})}")
    context = {
        "campaign": campaign,
        "appeal": row,
        "action": last_action(row.member),
        "form": form,
        "query": query,
        "kind": request.GET.get("kind", ""),
        "place": request.GET.get("place", ""),
        "item": item,
        "others": review_queue.note_presence(campaign=campaign, item=item, user=request.user),
        "polled_every": review_queue.POLLED_EVERY,
    }
    return render(request, "manage/quality/appeal.html", context, status=status_of(form))


@require_POST
def reopen_appeal(request: UserRequest, slug: str, appeal_id: int) -> HttpResponse:
    """Undo the answer to an appeal."""
    campaign = campaign_for_reviewer(request.user, slug)
    row = Appeal.objects.filter(member__campaign=campaign, pk=appeal_id).select_related("member__user").first()
    if row is None:
        raise NotFound(gettext("This appeal does not exist."))
    try:
        reopen_appeals.reopen_appeal(appeal=row, by=request.user)
    except DomainError as error:
        messages.error(request, error.detail)
    else:
        messages.success(request, gettext("Undone: the appeal of %(user)s waits again.") % {"user": row.member.user})
    return redirect("answer_appeal", slug, row.pk)


# --- in words


def rows_of(members: Any, letters: dict[str, str]) -> list[Row]:
    """The members, who have a stats each. `letters`: of their taste groups, by public_id."""
    people = list(members)
    columns = [shares_of(people, *column[1:]) for column in SHARES]
    return [
        Row(
            member=member,
            shares=[column[at] for column in columns],
            skill=number(member.stats.skill, ".2f"),
            skill_interval=interval(member.stats.skill_lower, member.stats.skill_upper, "{:.2f}"),
            trust=number(member.stats.trust, "+.1f"),
            own_trust=number(member.stats.own_trust, "+.1f"),
            taste=letters.get(member.public_id, ""),
        )
        for at, member in enumerate(people)
    ]


def probability(value: float) -> str:
    return "less than 0.0001" if value < 0.0001 else f"{value:.2g}"


def interval(lower: float | None, upper: float | None, form: str) -> str:
    return "" if lower is None or upper is None else f"{form.format(lower)} to {form.format(upper)}".replace("-", "−")


def shown(rule: ReviewRule, value: float) -> float:
    """A threshold or a figure as people write it: shares in percents."""
    return round(100 * value, 1) if quality_rules.READINGS[Measure(rule.measure)].is_share else round(value, 1)


def figure(measure: str, value: float | None) -> str:
    if value is None:
        return "–"
    if quality_rules.READINGS[Measure(measure)].is_share:
        return f"{100 * value:.0f} %"
    return number(value, ".1f")


def rule_in_words(rule: ReviewRule) -> str:
    reading = quality_rules.READINGS[Measure(rule.measure)]
    side = "below" if reading.is_bad_below else "above"
    what = f"{rule.get_measure_display()} {side} {figure(rule.measure, rule.threshold)}"
    return f"{what}, with at least {rule.minimum} answer{'s' if rule.minimum > 1 else ''}"


def explained(rule: ReviewRule) -> RuleInWords:
    reading = quality_rules.READINGS[Measure(rule.measure)]
    error = f"{100 * quality_rules.error_of(rule):.2g}"
    return RuleInWords(
        rule=rule,
        words=rule_in_words(rule),
        tests=reading.tests,
        error=f"In {CAREER} answers, it matches at most {error} % of {reading.spares}.",
        is_undecided=quality_rules.is_undecided(rule),
    )


def document_of(campaign: Campaign) -> dict[str, Any]:
    """The statistics as they were computed last; empty before the first time."""
    stored = stored_statistics(campaign)
    return stored.document if stored else {}


def taste_groups(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The possible taste groups of a statistics document, each with a letter. One of an older version has none."""
    groups = document.get("tastes", {}).get("groups", [])
    return [{**group, "letter": chr(ord("A") + place)} for place, group in enumerate(groups)]


def letters_of(tastes: list[dict[str, Any]]) -> dict[str, str]:
    """The letter of the taste group of each annotator, by public_id."""
    return {person: group["letter"] for group in tastes for person in group["annotators"]}


def entry_of(action: ModerationAction) -> tuple[ModerationAction, str]:
    """An action and its figures in words."""
    figures = action.figures
    if not figures or action.rule is None:
        return action, ""
    measure = figures["measure"]
    reading = quality_rules.READINGS[Measure(measure)]
    side, bound = ("below", "upper bound") if reading.is_bad_below else ("above", "lower bound")
    words = f"{Measure(measure).label}: {figure(measure, figures['value'])} from {figures['count']} answers"
    if reading.is_share:
        words += f", {bound} {figure(measure, figures['bound'])}"
    return action, f"{words}. Rule: {side} {figure(measure, figures['threshold'])}, at least {figures['minimum']} answers."


def proposals_of(rule: ReviewRule) -> list[tuple[Member, str]]:
    return [
        (row.member, f"{figure(rule.measure, row.figures['value'])} from {row.figures['count']} answers")
        for row in rule.proposals.all()
    ]


def last_action(member: Member) -> tuple[ModerationAction, str] | None:
    """What an appeal is against."""
    kinds = [ActionKind.WARN, ActionKind.PAUSE, ActionKind.SUSPEND]
    action = (
        ModerationAction.objects.filter(member=member, kind__in=kinds).select_related("member__user", "rule", "actor").first()
    )
    return entry_of(action) if action else None
