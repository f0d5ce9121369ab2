"""Whom the rules of a campaign would act on, without acting: the review carries it out, and the preview shows it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from django.db.models import Q

from annotator.choices import ActionKind, MemberKind, MemberState, Outcome, Role
from annotator.models import AnnotatorStats, Campaign, Member, ModerationAction, ReviewRule
from annotator.quality import rules as quality_rules

SEVERITY = {Outcome.WARN: 0, Outcome.PAUSE: 1, Outcome.SUSPEND: 2}


class Ruling(NamedTuple):
    """Whom a rule finds. `asks`: they are too many to act on, or it asks already."""

    rule: ReviewRule
    people: list[AnnotatorStats]
    asks: bool


def rulings_on(
    campaign: Campaign, rules: Iterable[ReviewRule], all_stats: Mapping[int, AnnotatorStats], *, share_max: float | None = None
) -> list[Ruling]:
    """What each rule that is on finds, the severest first; whom one stops is left alone by the milder ones.

    A rule finds nobody on whom it has acted before, but for those who started afresh since. `all_stats`: by member, of everybody
    who was measured. `share_max`: above which share a rule asks, if it is not to be the campaign's.
    """
    share_max = campaign.review_share_max if share_max is None else share_max
    annotators = Member.objects.filter(campaign=campaign, role=Role.ANNOTATOR, kind=MemberKind.HUMAN)
    measured = annotators.filter(Q(stats__isnull=False) | Q(pk__in=list(all_stats)))
    states = dict(measured.exclude(state=MemberState.WITHDRAWN).values_list("pk", "state"))
    working = {pk for pk, state in states.items() if state == MemberState.ACTIVE and pk in all_stats}
    done, counted = _actions_of_rules(campaign)
    found: list[Ruling] = []
    for rule in sorted(rules, key=lambda rule: SEVERITY[Outcome(rule.outcome)], reverse=True):
        if not rule.enabled:
            continue
        asked = [all_stats[pk] for pk in sorted(working) if pk not in done[rule.pk]]
        due = [stats for stats, is_bad in zip(asked, quality_rules.applies(rule, asked), strict=True) if is_bad]
        people = len(counted[rule.pk].union(stats.member_id for stats in due))
        is_too_many = bool(due) and quality_rules.is_too_many(people, of=len(states), share_max=share_max)
        asks = rule.asks_since is not None or is_too_many
        found.append(Ruling(rule, due, asks))
        if not asks and rule.outcome != Outcome.WARN:
            working.difference_update(stats.member_id for stats in due)
    return found


def _actions_of_rules(campaign: Campaign) -> tuple[dict[int, set[int]], dict[int, set[int]]]:
    """By rule: on whom it has acted since they started, or started afresh; and on whom since a manager last let it go on."""
    done: dict[int, set[int]] = defaultdict(set)
    counted: dict[int, set[int]] = defaultdict(set)
    actions = ModerationAction.objects.filter(rule__campaign=campaign).order_by()
    columns = ("rule", "member", "at", "kind", "rule__confirmed_at", "member__stats__counted_since")
    for rule, member, at, kind, confirmed_at, counted_since in actions.values_list(*columns):
        if counted_since is None or at > counted_since:
            done[rule].add(member)
        if kind != ActionKind.DISMISS and (confirmed_at is None or at > confirmed_at):
            counted[rule].add(member)
    return done, counted
