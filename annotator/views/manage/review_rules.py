"""The managers' page of the review's rules: what each does, what it would do now, and the decision about one that asks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from copy import copy
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from annotator.campaigns.access import campaign_for_manager
from annotator.errors import DomainError, NotFound
from annotator.models import Campaign, ReviewRule
from annotator.quality import review as annotator_review
from annotator.quality import rules as quality_rules
from annotator.quality.rule_preview import RuleChange, needs_preview, preview
from annotator.views.manage.common import posted
from annotator.views.manage.review import explained, rule_in_words, shown
from annotator.views.manage.review_forms import ReviewForm, RuleFormSet, RuleRows
from annotator.views.requests import UserRequest


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def review_rules(request: UserRequest, slug: str) -> HttpResponse:
    """The rules: what each goes by, and whether it is on. What they would do is shown before they are saved."""
    campaign = campaign_for_manager(request.user, slug)
    rules = quality_rules.ensure_rules(campaign)
    initial = [{"threshold": shown(rule, rule.threshold), "minimum": rule.minimum, "enabled": rule.enabled} for rule in rules]
    rows = RuleFormSet(posted(request), initial=initial, rules=rules)
    form = ReviewForm(posted(request), instance=copy(campaign))
    is_valid = request.method == "POST" and form.is_valid() and rows.is_valid()
    if is_valid and "back" not in request.POST:
        general = {name: form.cleaned_data[name] for name in ("review_share_max", "too_fast_ms")}
        changes = rows.changes()
        if not _is_confirmed(request, campaign, rules, changes, general):
            return _confirm(request, campaign, rules, rows, form)
        annotator_review.change_rules(campaign=campaign, by=request.user, changes=changes, **general)
        messages.success(request, gettext("Rules saved. They apply from the next review, in about half a minute."))
        return redirect("review", slug)
    context = {
        "campaign": campaign,
        "form": form,
        "rows": rows,
        "named": [(explained(rule), row) for rule, row in zip(rules, rows.forms, strict=False)],
    }
    is_refused = request.method == "POST" and not is_valid
    return render(request, "manage/quality/review_rules.html", context, status=400 if is_refused else 200)


def _is_confirmed(
    request: UserRequest,
    campaign: Campaign,
    rules: Sequence[ReviewRule],
    changes: Sequence[RuleChange],
    general: dict[str, Any],
) -> bool:
    """Whether the manager has seen what these very changes do, or they turn rules off only."""
    if not needs_preview(campaign, rules, changes, share_max=general["review_share_max"], too_fast_ms=general["too_fast_ms"]):
        return True
    return constant_time_compare(request.POST.get("seen", ""), _seal(campaign, changes, general))


def _seal(campaign: Campaign, changes: Sequence[RuleChange], general: dict[str, Any]) -> str:
    """Of the changes that the preview has shown, so that others are shown first."""
    what = [campaign.pk, general, [[row.rule_id, row.threshold, row.minimum, row.enabled] for row in changes]]
    return salted_hmac("review rules", json.dumps(what, sort_keys=True)).hexdigest()


def _confirm(
    request: UserRequest, campaign: Campaign, rules: Sequence[ReviewRule], rows: RuleRows, form: ReviewForm
) -> HttpResponse:
    """What the rules would do, with a button that saves them and one that leads back to the form."""
    general = {name: form.cleaned_data[name] for name in ("review_share_max", "too_fast_ms")}
    changes = rows.changes()
    wanted = [change.applied_to(rule) for change, rule in zip(changes, rules, strict=True)]
    found = preview(campaign, wanted, share_max=general["review_share_max"], too_fast_ms=general["too_fast_ms"])
    context = {
        "campaign": campaign,
        "form": form,
        "rows": rows,
        "preview": found,
        "rules": [(its, rule_in_words(its.rule)) for its in found.rules if its.people],
        "seen": _seal(campaign, changes, general),
    }
    return render(request, "manage/quality/review_preview.html", context)


@require_POST
def decide_rule(request: UserRequest, slug: str, rule_id: int) -> HttpResponse:
    """A rule that asks may act and go on (`go_on`), or is turned off."""
    campaign = campaign_for_manager(request.user, slug)
    rule: ReviewRule | None = campaign.review_rules.filter(pk=rule_id).first()
    if rule is None:
        raise NotFound(gettext("This rule does not exist."))
    try:
        if "go_on" in request.POST:
            made = annotator_review.confirm_rule(rule=rule, by=request.user)
            messages.success(request, gettext("The rule acted on %(made)s and now acts on its own again.") % {"made": len(made)})
        else:
            annotator_review.turn_off_rule(rule=rule, by=request.user)
            messages.success(request, gettext("The rule is off. No action was taken."))
    except DomainError as error:
        messages.error(request, error.detail)
    return redirect("review", slug)
