from __future__ import annotations

from django.db import models
from django.db.models import CheckConstraint, F, Index, Q, UniqueConstraint
from django.utils.translation import gettext_lazy

from annotator.models.campaigns import Campaign
from annotator.models.people import Member


class MemberDay(models.Model):
    """What one person answered on one day (UTC), counted by the task that computes statistics. Never a source of truth.

    Votes that a suspension made void are in the counts: a person's past stays visible whatever was decided about it, and
    `votes_void` says how many of them do not count for labels.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="+", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="days", db_index=False)
    day = models.DateField()
    votes = models.PositiveIntegerField(default=0, help_text=gettext_lazy("Regular votes on the first question."))
    votes_void = models.PositiveIntegerField(default=0, help_text=gettext_lazy("How many of them a suspension made void."))
    gold_count = models.PositiveIntegerField(default=0)
    gold_right = models.PositiveIntegerField(default=0)
    repeat_count = models.PositiveIntegerField(default=0)
    repeat_same = models.PositiveIntegerField(default=0)
    side_count = models.PositiveIntegerField(default=0, help_text=gettext_lazy("Regular votes for one image or the other."))
    left_count = models.PositiveIntegerField(default=0)
    shared_count = models.PositiveIntegerField(
        default=0, help_text=gettext_lazy("Regular votes on pairs where the votes of the others have a majority.")
    )
    agreed_count = models.PositiveIntegerField(default=0)
    elapsed_ms = models.FloatField(null=True, blank=True, help_text=gettext_lazy("Median time of the regular votes."))

    class Meta:
        constraints = [
            UniqueConstraint(fields=["member", "day"], name="member_day_once"),
            CheckConstraint(
                condition=Q(
                    votes_void__lte=F("votes"),
                    gold_right__lte=F("gold_count"),
                    repeat_same__lte=F("repeat_count"),
                    left_count__lte=F("side_count"),
                    agreed_count__lte=F("shared_count"),
                ),
                name="member_day_parts_within_wholes",
            ),
        ]
        # campaigns/forecast.py: what people gave since some day.
        indexes = [Index(fields=["campaign", "day"], name="member_day_of_campaign")]

    def __str__(self) -> str:
        return f"{self.member} on {self.day}: {self.votes} votes"
