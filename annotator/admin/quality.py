"""The review: rules, findings and actions."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy

from annotator.admin.base import MEMBER, ReadOnly
from annotator.models import AnnotatorStats, Appeal, ModerationAction, ReviewRule


@admin.register(ModerationAction)
class ModerationActionAdmin(ReadOnly):
    """Created by the review and on the managers' pages."""

    list_display = ["pk", "kind", "member", "by_rule", "figures", "actor", "at", "note"]
    list_filter = ["kind", "member__campaign"]
    list_select_related = [*MEMBER, "rule", "actor"]

    @admin.display(description=gettext_lazy("Rule"))
    def by_rule(self, action: ModerationAction) -> str:
        return action.rule_in_words or "–"


@admin.register(Appeal)
class AppealAdmin(ReadOnly):
    list_display = ["pk", "state", "member", "message", "created_at", "answered_by", "answered_at"]
    list_filter = ["state", "member__campaign"]
    list_select_related = [*MEMBER, "answered_by"]


@admin.register(ReviewRule)
class ReviewRuleAdmin(ReadOnly):
    """Changed on the managers' pages, which explain each rule."""

    list_display = ["__str__", "campaign", "threshold", "minimum", "enabled", "version", "test_version", "asks_since"]
    list_filter = ["measure", "outcome", "enabled", "campaign"]
    list_select_related = ["campaign"]


@admin.register(AnnotatorStats)
class AnnotatorStatsAdmin(ReadOnly):
    list_display = ["member", "trust", "recent_trust", "skill", "gold_right", "gold_count", "computed_at"]
    list_filter = ["member__campaign"]
    list_select_related = MEMBER
