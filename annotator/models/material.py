from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any, cast

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models, transaction
from django.db.models import CheckConstraint, F, Index, Q, UniqueConstraint
from django.db.models.functions import Greatest, Least
from django.utils.translation import gettext_lazy

from annotator.choices import Choice, GoldUse
from annotator.models import pair_seats
from annotator.models.campaigns import Campaign
from annotator.models.fields import SHA256_PATTERN, ForeignKeyPair, in_campaign, one_of
from annotator.models.imports import Import
from annotator.models.pair_seats import PairSeats
from annotator.models.triggers import pair_and_seats_agree

# Two images look nearly the same if at most this many of the 64 bits of their perceptual hashes differ.
NEAR_IDENTICAL_DISTANCE = 6


class Generator(models.Model):
    """The model that made an image. Never visible to annotators."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="generators")
    name = models.CharField(max_length=200)

    class Meta:
        ordering = ["campaign", "name"]
        constraints = [UniqueConstraint(fields=["campaign", "name"], name="generator_name_unique_in_campaign")]

    def __str__(self) -> str:
        return self.name


class Prompt(models.Model):
    """The text the images were generated from. One row per text in a campaign, so that a prompt is in one split only."""

    # No other index of a prompt or a pair begins with the campaign: while a table is small one is as good as the other, and a
    # foreign key that was planned with the wrong one then would read the whole campaign at every row.
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="prompts", db_index=False)
    text = models.TextField()
    # A text may be longer than an index entry can hold, so its hash is what is unique.
    text_sha256 = models.CharField(max_length=64, editable=False)
    external_id = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001 - null: several prompts without one
    category = models.CharField(max_length=200, blank=True)
    language = models.CharField(max_length=35, blank=True, help_text=gettext_lazy("BCP 47 code, for example en or pt-BR."))
    metadata = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["campaign", "pk"]
        constraints = [
            UniqueConstraint(fields=["campaign", "id"], name="prompt_of_campaign"),
            UniqueConstraint(fields=["text_sha256", "campaign"], name="prompt_text_unique_in_campaign"),
            UniqueConstraint(fields=["external_id", "campaign"], name="prompt_external_id_unique_in_campaign"),
            CheckConstraint(condition=Q(text_sha256__regex=SHA256_PATTERN), name="prompt_text_sha256_form"),
            CheckConstraint(condition=~Q(text=""), name="prompt_text_not_empty"),
        ]
        # scoring/pair_list.py: prompts with all of some words.
        indexes = [GinIndex(SearchVector("text", config="simple"), name="prompt_words")]

    def __str__(self) -> str:
        return self.text[:80]


class Image(models.Model):
    """One generated image. Its bytes are content-addressed by the sha256 of the original file, so rows may share them."""

    # The address annotators see: says nothing about the file, the generator or the pair.
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="images", db_index=False)
    generator = models.ForeignKey(Generator, on_delete=models.PROTECT, null=True, blank=True, related_name="images")
    seed = models.BigIntegerField(null=True, blank=True)
    parameters = models.JSONField(default=dict, blank=True)
    sha256 = models.CharField(max_length=64, editable=False, help_text=gettext_lazy("Hash of the imported file."))
    format = models.CharField(
        max_length=4, editable=False, help_text=gettext_lazy("Format of the clean full-size copy: JPEG, PNG or WEBP.")
    )
    width = models.PositiveIntegerField(editable=False, help_text=gettext_lazy("Pixels, after EXIF orientation."))
    height = models.PositiveIntegerField(editable=False, help_text=gettext_lazy("Pixels, after EXIF orientation."))
    byte_size = models.PositiveIntegerField(editable=False, help_text=gettext_lazy("Size of the clean full-size copy in bytes."))
    is_paired_by_rule = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text=gettext_lazy("Whether the pairing rule makes further pairs with this image as votes come in."),
    )
    phash = models.BigIntegerField(
        null=True, editable=False, help_text=gettext_lazy("Perceptual hash of 64 bits, as a signed number. Null for old imports.")
    )
    display_id = models.UUIDField(
        null=True,
        editable=False,
        help_text=gettext_lazy("Folder of the copies for display. Null while they are where old imports put them."),
    )
    displays_made = models.SmallIntegerField(
        default=0,
        db_default=0,
        editable=False,
        help_text=gettext_lazy("How many copies for display are in that folder, the smallest first. -1: its files were lost."),
    )
    is_unsafe = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text=gettext_lazy("Whether a reviewer found it unsafe: it is blurred for everyone, and in no release."),
    )

    class Meta:
        ordering = ["prompt", "pk"]
        constraints = [
            UniqueConstraint(fields=["prompt", "id"], name="image_of_prompt"),
            UniqueConstraint(
                fields=["prompt", "generator", "seed", "sha256"],
                name="image_once_per_prompt_generator_seed",
                nulls_distinct=False,
            ),
            CheckConstraint(condition=Q(sha256__regex=SHA256_PATTERN), name="image_sha256_form"),
            CheckConstraint(condition=Q(format__in=["JPEG", "PNG", "WEBP"]), name="image_format_known"),
            CheckConstraint(condition=Q(width__gte=1, height__gte=1), name="image_has_size"),
        ]
        indexes = [
            # Whether any row still needs a stored file.
            Index(fields=["sha256"], name="image_by_sha256"),
            # importing/display_copies.py: images without all their copies for display.
            Index(fields=["id"], condition=Q(displays_made__gte=0, displays_made__lt=2), name="image_lacks_displays"),
        ]

    def __str__(self) -> str:
        return f"{self.sha256[:12]} {self.width}×{self.height}"


class PairQuerySet(models.QuerySet["Pair"]):
    def circulating(self) -> PairQuerySet:
        """Pairs that collect regular votes: in circulation and not gold."""
        return self.filter(line__in=[pair_seats.FREE, pair_seats.FULL])

    def bulk_create(self, objs: Iterable[Pair], batch_size: int | None = None) -> list[Pair]:  # type: ignore[override]
        """As Django's, which has none for a model of two tables: the seats first, then the pairs of these."""
        pairs = list(objs)
        for pair in pairs:
            pair._prepare_related_fields_for_save(operation_name="bulk_create")  # type: ignore[attr-defined]
        with transaction.atomic(using=self.db):
            seats = PairSeats.objects.bulk_create([pair.seats_to_create() for pair in pairs], batch_size)
            for pair, of_pair in zip(pairs, seats, strict=True):
                pair.id = pair.seats_id = of_pair.pk
            fields = self.model._meta.local_concrete_fields
            size = batch_size or len(pairs) or 1
            for start in range(0, len(pairs), size):
                self._insert(pairs[start : start + size], fields=fields, using=self.db)  # type: ignore[attr-defined]
        for pair in pairs:
            pair._state.adding, pair._state.db = False, self.db
        return pairs

    def by_number(self, campaign_id: int, *, after: int = 0) -> PairQuerySet:
        """The pairs of a campaign after a number, in order.

        They are read from the index that begins with the campaign. With an equals sign the planner may as well take the primary
        key, and read the pairs of all campaigns before.
        """
        place = "(annotator_pair.campaign_id, annotator_pair.id)"
        bounds = [f"{place} > (%s, %s)", "annotator_pair.campaign_id <= %s"]
        found = self.extra(where=bounds, params=[campaign_id, after, campaign_id])  # noqa: S610 - fixed text
        return cast(PairQuerySet, found.order_by("campaign_id", "pk"))


class Pair(PairSeats):
    """Two images of one prompt in a fixed order, shuffled at import so that `a` means nothing.

    A pair is two rows of the same id: what votes write is in that of PairSeats.
    """

    seats = models.OneToOneField(
        PairSeats, on_delete=models.CASCADE, parent_link=True, primary_key=True, db_column="id", related_name="pair"
    )
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="pairs", db_index=False, db_constraint=False)
    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="pairs", db_constraint=False)
    image_a = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="pairs_as_a", db_constraint=False)
    image_b = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="pairs_as_b", db_constraint=False)
    external_id = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001 - null: several pairs without one
    metadata = models.JSONField(default=dict, blank=True)
    gold_choice = models.CharField(  # noqa: DJ001 - null: not a gold pair
        max_length=9,
        choices=Choice,
        null=True,
        blank=True,
        help_text=gettext_lazy("The known answer. A gold pair collects no regular votes."),
    )
    gold_use = models.CharField(max_length=8, choices=GoldUse, default=GoldUse.CHECK, db_default=GoldUse.CHECK)
    gold_in_review_since = models.DateTimeField(
        null=True,
        blank=True,
        help_text=gettext_lazy("Since when the gold pair is in review and does not count, because good annotators failed it."),
    )
    gold_note = models.TextField(blank=True, help_text=gettext_lazy("Why this is the right answer."))
    inclusion_probability = models.FloatField(
        default=1.0,
        db_default=1.0,
        editable=False,
        help_text=gettext_lazy(
            "The probability with which the pairing rule drew this pair, given the pairs and votes before. 1: certain."
        ),
    )
    image_distance = models.PositiveSmallIntegerField(
        null=True,
        editable=False,
        help_text=gettext_lazy("Number of bits in which the perceptual hashes of the two images differ."),
    )
    imported_in = models.ForeignKey(
        Import,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="pairs",
        db_index=False,
        help_text=gettext_lazy("The import that made the pair. Empty for pairs from votes and from old imports."),
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PairQuerySet.as_manager()  # type: ignore[misc]  # in place of the manager of seats

    class Meta:
        ordering = ["campaign", "pk"]
        constraints = [
            # Also in place of the campaign's own index. judging/machine_annotators.py: the next pairs of a campaign by id.
            UniqueConstraint(fields=["campaign", "seats"], name="pair_of_campaign"),
            in_campaign("prompt", "Prompt", name="pair_prompt_in_campaign"),
            ForeignKeyPair(
                fields=["prompt", "image_a"], to="annotator.Image", to_fields=["prompt", "id"], name="pair_image_a_of_prompt"
            ),
            ForeignKeyPair(
                fields=["prompt", "image_b"], to="annotator.Image", to_fields=["prompt", "id"], name="pair_image_b_of_prompt"
            ),
            UniqueConstraint(fields=["external_id", "campaign"], name="pair_external_id_unique_in_campaign"),
            UniqueConstraint(
                "prompt", Least("image_a", "image_b"), Greatest("image_a", "image_b"), name="pair_once_in_either_order"
            ),
            CheckConstraint(condition=~Q(image_a=F("image_b")), name="pair_images_differ"),
            CheckConstraint(
                condition=Q(inclusion_probability__gt=0, inclusion_probability__lte=1), name="pair_inclusion_probability_range"
            ),
            one_of("gold_choice", Choice, name="pair_gold_choice_known"),
            one_of("gold_use", GoldUse, name="pair_gold_use_known"),
            CheckConstraint(
                condition=Q(gold_in_review_since__isnull=True) | Q(gold_choice__isnull=False), name="pair_review_is_of_gold"
            ),
        ]
        indexes = [
            # views/manage/gold.py: the lists of gold pairs, and of those in review.
            Index(fields=["campaign", "gold_use", "seats"], condition=Q(gold_choice__isnull=False), name="pair_gold_by_number"),
            Index(fields=["campaign", "seats"], condition=Q(gold_in_review_since__isnull=False), name="pair_gold_in_review"),
            # scoring/pair_list.py: the pairs of an import.
            Index(fields=["imported_in", "seats"], condition=Q(imported_in__isnull=False), name="pair_by_import"),
            # scoring/progress.py: pairs whose images look nearly the same.
            Index(
                fields=["campaign", "image_distance", "seats"],
                condition=Q(image_distance__lte=NEAR_IDENTICAL_DISTANCE),
                name="pair_near_identical",
            ),
        ]
        triggers = [pair_and_seats_agree()]

    def __str__(self) -> str:
        return f"pair {self.pk}"

    @property
    def images(self) -> tuple[Image, Image]:
        return self.image_a, self.image_b

    def seats_to_create(self) -> PairSeats:
        """The row of the other table, from the fields of the pair."""
        self.agree_with_seats()
        names = [field.attname for field in PairSeats._meta.concrete_fields if not (field.primary_key or field.generated)]
        return PairSeats(**{name: getattr(self, name) for name in names})

    def agree_with_seats(self) -> None:
        self.of_campaign_id, self.is_gold = self.campaign_id, self.gold_choice is not None

    def save(self, *args: Any, **options: Any) -> None:
        self.agree_with_seats()
        super().save(*args, **options)
