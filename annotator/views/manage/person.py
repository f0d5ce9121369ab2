"""One member: how they do and did, what they answered last, what was said to them and done about them, and what can be done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import number_format
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotator.campaigns.access import campaign_for_manager, campaign_for_reviewer, is_manager
from annotator.choices import ActionKind, VoidReason
from annotator.consensus.binomial import wilson
from annotator.errors import Conflict
from annotator.models import AnnotatorStats, Member, MemberDay, ModerationAction, Vote
from annotator.quality import moderation, review_queries
from annotator.quality.member_list import past_of
from annotator.views.manage.charts import Chart, Mark, Series, day_words, noon_of, rate_series
from annotator.views.manage.members import member_of, require_other
from annotator.views.manage.review import document_of, entry_of, letters_of, probability, rows_of, taste_groups
from annotator.views.manage.review_forms import WarnForm
from annotator.views.manage.shares import Share, share_words_of
from annotator.views.requests import UserRequest

RECENT = 8  # votes with their images
DAYS = 60  # of the charts


@dataclass(frozen=True)
class Moment:
    """Something that happened to a member. `detail` may have figures."""

    at: datetime
    words: str
    detail: str = ""
    by: str = ""


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def member_page(request: UserRequest, slug: str, member_id: int) -> HttpResponse:
    """A POST warns the member."""
    campaign = campaign_for_reviewer(request.user, slug)
    member = member_of(campaign, member_id)
    form = WarnForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        campaign_for_manager(request.user, slug)
        require_other(request, member)
        if form.is_valid():
            try:
                moderation.warn_member(member=member, by=request.user, reason=moderation.Reason(note=form.cleaned_data["note"]))
            except Conflict as error:
                form.add_error(None, error.detail)
            else:
                messages.success(
                    request, gettext("%(user)s will see your warning beside their next pair.") % {"user": member.user}
                )
                return redirect("member_page", slug, member_id)
    may_decide = is_manager(request.user, campaign)
    actions = list(review_queries.actions_of(campaign).filter(member=member))
    appeals = list(member.appeals.select_related("answered_by"))
    stats = AnnotatorStats.objects.filter(member=member).first()
    past = past_of(member)
    days = list(MemberDay.objects.filter(member=member).order_by("-day")[:DAYS])[::-1]
    context = {
        "campaign": campaign,
        "member": member,
        "stats": stats,
        "row": rows_of([member], letters_of(taste_groups(document_of(campaign))))[0] if stats else None,
        "p_value": probability(stats.left_p_value) if stats else "",
        "past": past_shares(past.sums),
        "past_since": past.since,
        "past_votes": past.sums,
        "charts": charts_of(days, actions),
        "votes": recent_votes(member),
        "timeline": timeline_of(member, actions, appeals),
        "notes": [action for action in actions if action.note],
        "form": form,
        "may_decide": may_decide,
        "is_self": member.user_id == request.user.pk,
        "effect": moderation.effect_of_departure(member) if may_decide and member.user_id != request.user.pk else None,
        "actions": [entry_of(action) for action in actions],
        "appeals": appeals,
    }
    return render(request, "manage/people/member.html", context, status=400 if form.errors else 200)


def past_shares(sums: dict[str, int]) -> list[Share]:
    """Of all that a member ever answered."""
    columns = [
        (gettext("Gold accuracy"), "gold_right", "gold_count"),
        (gettext("Repeat consistency"), "repeat_same", "repeat_count"),
        (gettext("Left share"), "left_count", "side_count"),
        (gettext("Agrees with the others"), "agreed_count", "shared_count"),
    ]
    return [share_words_of(heading, sums[part], sums[whole]) for heading, part, whole in columns]


def recent_votes(member: Member) -> list[Vote]:
    """The last answers of any kind, each with its pair and images; those that were undone are left out."""
    votes = Vote.objects.filter(member=member, question__position=0).exclude(void_reason=VoidReason.UNDONE)
    found = votes.select_related("assignment__pair__prompt", "assignment__pair__image_a", "assignment__pair__image_b")
    return list(found.order_by("-created_at")[:RECENT])


def charts_of(days: list[MemberDay], actions: list[ModerationAction]) -> list[Chart]:
    """Votes, quality and speed by day, with what was done about the member as marks."""
    if not days:
        return []
    of = gettext("Of all their answers, with those that a suspension made void.")
    at = [noon_of(row.day.isoformat()) for row in days]
    heads = [day_words(row.day.isoformat()) for row in days]
    first = datetime.combine(days[0].day, datetime.min.time(), UTC)
    done = [action for action in actions if action.at >= first]
    marks = [Mark(action.at.timestamp(), f"{action.get_kind_display()}, {action.at:%Y-%m-%d}") for action in done]
    votes = [Series(gettext("Votes"), [row.votes for row in days], is_bars=True)]
    if any(row.votes_void for row in days):
        votes.append(Series(gettext("Void"), [row.votes_void for row in days], "warn", is_bars=True))
    quality = [
        rate_series(gettext("Gold accuracy"), rates([(row.gold_right, row.gold_count) for row in days]), "good"),
        rate_series(gettext("Left share"), rates([(row.left_count, row.side_count) for row in days]), "warn"),
        rate_series(gettext("Agrees with the others"), rates([(row.agreed_count, row.shared_count) for row in days]), "accent"),
    ]
    speed = [Series(gettext("Median seconds"), [row.elapsed_ms and round(row.elapsed_ms / 1000, 1) for row in days])]
    return [
        Chart("person-votes", gettext("Votes per day"), of, at, heads, votes, marks=marks),
        Chart(
            "person-quality", gettext("Quality by day, with 95 % intervals"), of, at, heads, quality, is_share=True, marks=marks
        ),
        Chart("person-speed", gettext("Seconds per vote"), of, at, heads, speed, marks=marks),
    ]


def rates(counts: list[tuple[int, int]]) -> list[dict[str, Any]]:
    """As the statistics document has rates, with Wilson's intervals."""
    parts, wholes = (np.array(column) for column in zip(*counts, strict=True))
    lower, upper = wilson(parts, wholes)
    columns = zip(parts.tolist(), wholes.tolist(), lower.tolist(), upper.tolist(), strict=True)
    return [{"k": k, "n": n, "rate": k / n if n else None, "lower": low, "upper": high} for k, n, low, high in columns]


def timeline_of(member: Member, actions: list[ModerationAction], appeals: list[Any]) -> list[Moment]:
    """What happened, the newest first."""
    found = [Moment(member.joined_at, gettext("Joined"))]
    for at, words in (
        (member.guideline_accepted_at, gettext("Accepted the guideline in force then")),
        (member.training_passed_at, gettext("Passed the training")),
        (member.training_failed_at, gettext("Failed the training")),
    ):
        if at is not None:
            found.append(Moment(at, words))
    for consent in member.consents.select_related("text"):
        words = gettext("Agreed to version %(n)s of the consent text") % {"n": consent.text.version}
        found.append(Moment(consent.accepted_at, words))
    for action in actions:
        by = str(action.actor) if action.actor else gettext("rule") if action.rule else ""
        found.append(Moment(action.at, str(action.get_kind_display()), effect_words(action), by))
    for appeal in appeals:
        found.append(Moment(appeal.created_at, gettext("Appealed")))
        if appeal.answered_at:
            found.append(Moment(appeal.answered_at, str(appeal.get_state_display()), by=str(appeal.answered_by or "")))
    return sorted(found, key=lambda moment: moment.at, reverse=True)


def effect_words(action: ModerationAction) -> str:
    """What an action did to votes and pairs."""
    if action.votes is None:
        return ""
    n = {"votes": number_format(action.votes, force_grouping=True)}
    if action.kind == ActionKind.LIFT:
        return gettext("%(votes)s votes count again") % n
    pairs = number_format(action.pairs_reopened or 0, force_grouping=True)
    return gettext("%(votes)s votes void, %(pairs)s settled pairs reopened") % (n | {"pairs": pairs})
