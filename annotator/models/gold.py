from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q
from django.utils.translation import gettext_lazy

from annotator.choices import Choice, GoldAction
from annotator.models.fields import one_of
from annotator.models.material import Pair


class GoldDecision(models.Model):
    """What was decided about the known answer of a pair, by whom, and from which figures. Append-only."""

    pair = models.ForeignKey(Pair, on_delete=models.PROTECT, related_name="gold_decisions")
    kind = models.CharField(max_length=8, choices=GoldAction)
    gold_choice = models.CharField(  # noqa: DJ001 - null: no known answer any more
        max_length=9, choices=Choice, null=True, blank=True, help_text=gettext_lazy("The known answer after this change.")
    )
    answers = models.PositiveIntegerField(
        default=0, help_text=gettext_lazy("Answers of annotators with a good record at the time of the review.")
    )
    answers_wrong = models.PositiveIntegerField(
        default=0, help_text=gettext_lazy("How many of these answers differ from the known answer.")
    )
    decided_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=gettext_lazy("Empty: automatic."),
    )

    class Meta:
        ordering = ["-pk"]
        constraints = [
            one_of("kind", GoldAction, name="gold_decision_kind_known"),
            one_of("gold_choice", Choice, name="gold_decision_choice_known"),
            CheckConstraint(condition=Q(answers_wrong__lte=models.F("answers")), name="gold_decision_wrong_within_answers"),
        ]
        triggers = [
            pgtrigger.Protect(name="gold_decision_is_fixed", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.pair}: {self.get_kind_display()}"
