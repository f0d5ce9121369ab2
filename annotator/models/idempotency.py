from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Index, Q, UniqueConstraint
from django.utils.translation import gettext_lazy

from annotator.models.fields import SHA256_PATTERN

KEY_LIMIT = 255


class IdempotentResponse(models.Model):
    """What a POST with an idempotency key was answered, so that the same POST again is answered the same and does nothing.

    Written in the transaction that made what was asked for: there is one exactly where that was made.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    route = models.CharField(max_length=300)
    key = models.CharField(max_length=KEY_LIMIT)
    digest = models.CharField(max_length=64, help_text=gettext_lazy("The sha256 of the request."))
    encrypted_answer = models.TextField(
        blank=True, help_text=gettext_lazy("Encrypted, because a response can contain a secret that is shown once.")
    )
    created_at = models.DateTimeField()

    class Meta:
        db_table = "annotator_keptanswer"
        ordering = ["pk"]
        constraints = [
            UniqueConstraint(fields=["user", "route", "key"], name="kept_answer_once_per_key"),
            CheckConstraint(condition=Q(digest__regex=SHA256_PATTERN), name="kept_answer_digest_is_sha256"),
        ]
        # lib/idempotency.py: those that are over.
        indexes = [Index(fields=["created_at"], name="kept_answer_age")]

    def __str__(self) -> str:
        return f"{self.route} with {self.key}"
