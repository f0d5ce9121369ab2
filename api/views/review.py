"""The review: its rules, what they would do, and what was done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotator.campaigns.access import campaign_for_manager, campaign_for_reviewer
from annotator.choices import Measure, Scope
from annotator.errors import Invalid
from annotator.models import ReviewRule
from annotator.quality import review_queries
from annotator.quality import rules as quality_rules
from annotator.quality.rule_preview import RuleChange, preview
from api.pagination import NewestFirst
from api.serializers.review import ActionSerializer, PreviewBody, PreviewSerializer, RuleSerializer
from api.views.base import View, page_of, user_of, valid_body

READING = (Scope.EXPORT, Scope.MANAGE)


class RuleList(View):
    pagination_class = NewestFirst
    scopes = {"GET": READING}

    @extend_schema(operation_id="list_review_rules", responses=RuleSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """List the rules of the review with their versions. Managers turn them on and change them on the page *Review rules*."""
        campaign = campaign_for_reviewer(user_of(request), slug)
        rules = quality_rules.ensure_rules(campaign)
        return page_of(request, campaign.review_rules.filter(pk__in=[rule.pk for rule in rules]), RuleSerializer)


class RulePreviewed(View):
    scopes = {"POST": [Scope.MANAGE]}

    @extend_schema(operation_id="preview_review_rules", request=PreviewBody, responses=PreviewSerializer)
    def post(self, request: Request, slug: str) -> Response:
        """Preview what rules would do: whom the next review would warn, pause and suspend, and how many votes would become void.
        It changes nothing."""
        campaign = campaign_for_manager(user_of(request), slug)
        body = valid_body(PreviewBody, request)
        rules = wanted(quality_rules.ensure_rules(campaign), body.get("rules", []))
        found = preview(campaign, rules, share_max=body.get("review_share_max"), too_fast_ms=body.get("too_fast_ms"))
        return Response(PreviewSerializer(found).data)


class ActionList(View):
    pagination_class = NewestFirst
    scopes = {"GET": READING}

    @extend_schema(operation_id="list_moderation_actions", responses=ActionSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """List what was done about annotators, newest first: by which rule and version, or by whom, and on which figures."""
        campaign = campaign_for_reviewer(user_of(request), slug)
        return page_of(request, review_queries.actions_of(campaign), ActionSerializer)


def wanted(rules: Sequence[ReviewRule], changes: Sequence[Mapping[str, Any]]) -> list[ReviewRule]:
    """The rules with the changes of a body. Raises Invalid for a rule that is not there or a threshold that cannot be."""
    by_id = {rule.pk: rule for rule in rules}
    for number, change in enumerate(changes, start=1):
        rule = by_id.get(change["id"])
        if rule is None:
            raise Invalid("Some values are not valid.", errors={"rules": [f"Rule {number}: there is no rule {change['id']}."]})
        values = {name: change.get(name, getattr(rule, name)) for name in ("threshold", "minimum", "enabled")}
        low, high = quality_rules.thresholds_of(Measure(rule.measure))
        if not low <= values["threshold"] <= high:
            words = f"Rule {number}: use a threshold from {low:g} to {high:g}."
            raise Invalid("Some values are not valid.", errors={"rules": [words]})
        by_id[rule.pk] = RuleChange(rule_id=rule.pk, **values).applied_to(rule)
    return list(by_id.values())
