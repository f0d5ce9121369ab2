from __future__ import annotations

from django.db import models
from django.db.models import UniqueConstraint
from django.utils.translation import gettext_lazy

from annotator.models.campaigns import Campaign
from annotator.models.fields import TransactionId


class VoteColumns(models.Model):
    """Up to where the votes of a campaign are in its chunks. feeds/vote_columns.py is the only one who writes and reads both."""

    campaign = models.OneToOneField(Campaign, on_delete=models.CASCADE, primary_key=True, related_name="+")
    server = models.CharField(max_length=80, help_text=gettext_lazy("The database server whose transactions `since` counts."))
    since = TransactionId(help_text=gettext_lazy("Votes that were changed by this transaction or a later one may be missing."))

    class Meta:
        verbose_name_plural = gettext_lazy("vote columns")

    def __str__(self) -> str:
        return f"{self.campaign}: votes before transaction {self.since}"


class VoteChunk(models.Model):
    """Some thousand votes of a campaign with neighbouring ids, as packed columns of about twenty bytes a vote."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="+", db_index=False)
    number = models.PositiveBigIntegerField(help_text=gettext_lazy("The id of a vote, divided by the size of a chunk."))
    columns = models.BinaryField()

    class Meta:
        constraints = [UniqueConstraint(fields=["campaign", "number"], name="vote_chunk_once_per_campaign_and_number")]

    def __str__(self) -> str:
        return f"{self.campaign}: chunk {self.number}"
