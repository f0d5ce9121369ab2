from __future__ import annotations

import uuid
from typing import cast

from django.db import models
from django.db.models import CheckConstraint, F, Index, Q, UniqueConstraint
from django.db.models.functions import Greatest, Least

from annotator.choices import Choice, GoldUse, PairState
from annotator.models.campaign_rules import VOTES_WANTED_LIMIT
from annotator.models.campaigns import Campaign
from annotator.models.fields import SHA256_PATTERN, ForeignKeyPair, in_campaign, one_of

# Two images look nearly the same if at most this many of the 64 bits of their perceptual hashes differ.
NEAR_IDENTICAL_DISTANCE = 6
RING_SIZE = 2**31 - 1  # ring positions are drawn from [0, RING_SIZE)


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
    language = models.CharField(max_length=35, blank=True, help_text="BCP 47 code, for example en or pt-BR.")
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
    sha256 = models.CharField(max_length=64, editable=False, help_text="Hash of the imported file.")
    format = models.CharField(max_length=4, editable=False, help_text="Format of the clean full-size copy: JPEG, PNG or WEBP.")
    width = models.PositiveIntegerField(editable=False, help_text="Pixels, after EXIF orientation.")
    height = models.PositiveIntegerField(editable=False, help_text="Pixels, after EXIF orientation.")
    byte_size = models.PositiveIntegerField(editable=False, help_text="Size of the clean full-size copy in bytes.")
    is_paired_by_rule = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="Whether the pairing rule makes further pairs with this image as votes come in.",
    )
    phash = models.BigIntegerField(
        null=True, editable=False, help_text="Perceptual hash of 64 bits, as a signed number. Null for old imports."
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
        # Whether any row still needs a stored file.
        indexes = [Index(fields=["sha256"], name="image_by_sha256")]

    def __str__(self) -> str:
        return f"{self.sha256[:12]} {self.width}×{self.height}"


class PairQuerySet(models.QuerySet["Pair"]):
    def circulating(self) -> PairQuerySet:
        """Pairs that collect regular votes: in circulation and not gold."""
        return self.filter(state=PairState.OPEN, gold_choice__isnull=True)

    def by_number(self, campaign_id: int, *, after: int = 0) -> PairQuerySet:
        """The pairs of a campaign after a number, in order.

        They are read from the index that begins with the campaign. With an equals sign the planner may as well take the primary
        key, and read the pairs of all campaigns before.
        """
        place = "(annotator_pair.campaign_id, annotator_pair.id)"
        bounds = [f"{place} > (%s, %s)", "annotator_pair.campaign_id <= %s"]
        found = self.extra(where=bounds, params=[campaign_id, after, campaign_id])  # noqa: S610 - fixed text
        return cast(PairQuerySet, found.order_by("campaign_id", "pk"))


class Pair(models.Model):
    """Two images of one prompt in a fixed order, shuffled at import so that `a` means nothing."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="pairs", db_index=False, db_constraint=False)
    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="pairs", db_constraint=False)
    image_a = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="pairs_as_a", db_constraint=False)
    image_b = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="pairs_as_b", db_constraint=False)
    external_id = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001 - null: several pairs without one
    metadata = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=8, choices=PairState, default=PairState.OPEN)
    gold_choice = models.CharField(  # noqa: DJ001 - null: not a gold pair
        max_length=9, choices=Choice, null=True, blank=True, help_text="The known answer. A gold pair collects no regular votes."
    )
    gold_use = models.CharField(max_length=8, choices=GoldUse, default=GoldUse.CHECK, db_default=GoldUse.CHECK)
    gold_in_review_since = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Since when the gold pair is in review and does not count, because good annotators failed it.",
    )
    gold_note = models.TextField(blank=True, help_text="Why this is the right answer.")
    votes_wanted = models.PositiveSmallIntegerField()
    # Live regular assignments (open or answered), and on how many of them `a` stands on the left.
    seats_taken = models.PositiveSmallIntegerField(default=0, editable=False)
    seats_a_on_left = models.PositiveSmallIntegerField(default=0, editable=False)
    priority = models.SmallIntegerField(default=0, help_text="Annotators get pairs with a higher priority first.")
    ring = models.IntegerField(editable=False, help_text="Random position in the order of assignment.")
    inclusion_probability = models.FloatField(
        default=1.0,
        db_default=1.0,
        editable=False,
        help_text="The probability with which the pairing rule drew this pair, given the pairs and votes before. 1: certain.",
    )
    is_audit = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="Drawn at import to get the most votes per pair, whatever people answer.",
    )
    image_distance = models.PositiveSmallIntegerField(
        null=True, editable=False, help_text="Number of bits in which the perceptual hashes of the two images differ."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PairQuerySet.as_manager()

    class Meta:
        ordering = ["campaign", "pk"]
        constraints = [
            # Also in place of the campaign's own index. judging/machine_annotators.py: the next pairs of a campaign by id.
            UniqueConstraint(fields=["campaign", "id"], name="pair_of_campaign"),
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
            CheckConstraint(condition=Q(seats_taken__lte=F("votes_wanted")), name="pair_seats_within_votes_wanted"),
            CheckConstraint(condition=Q(seats_a_on_left__lte=F("seats_taken")), name="pair_left_seats_within_seats"),
            CheckConstraint(
                condition=Q(votes_wanted__gte=1, votes_wanted__lte=VOTES_WANTED_LIMIT), name="pair_votes_wanted_range"
            ),
            CheckConstraint(condition=Q(ring__gte=0), name="pair_ring_not_negative"),
            CheckConstraint(
                condition=Q(inclusion_probability__gt=0, inclusion_probability__lte=1), name="pair_inclusion_probability_range"
            ),
            one_of("state", PairState, name="pair_state_known"),
            one_of("gold_choice", Choice, name="pair_gold_choice_known"),
            one_of("gold_use", GoldUse, name="pair_gold_use_known"),
            CheckConstraint(
                condition=Q(gold_in_review_since__isnull=True) | Q(gold_choice__isnull=False), name="pair_review_is_of_gold"
            ),
        ]
        indexes = [
            # judging/assigning.py: the next pairs with a free seat after a member's cursor.
            Index(
                fields=["campaign", "priority", "ring"],
                condition=Q(state=PairState.OPEN, gold_choice__isnull=True, seats_taken__lt=F("votes_wanted")),
                name="pair_ring_with_free_seats",
            ),
            # judging/gold_and_repeats.py: gold pairs after a random place.
            Index(fields=["campaign", "gold_use", "ring"], condition=Q(gold_choice__isnull=False), name="pair_gold_ring"),
            # views/manage/gold.py: the lists of gold pairs, and of those in review.
            Index(fields=["campaign", "gold_use", "id"], condition=Q(gold_choice__isnull=False), name="pair_gold_by_number"),
            Index(fields=["campaign", "id"], condition=Q(gold_in_review_since__isnull=False), name="pair_gold_in_review"),
            # scoring/progress.py: pairs whose images look nearly the same.
            Index(
                fields=["campaign", "image_distance", "id"],
                condition=Q(image_distance__lte=NEAR_IDENTICAL_DISTANCE),
                name="pair_near_identical",
            ),
            # scoring/settling.py: settled pairs that lost a seat.
            Index(
                fields=["campaign"],
                condition=Q(state=PairState.SETTLED, gold_choice__isnull=True, seats_taken__lt=F("votes_wanted")),
                name="pair_settled_not_full",
            ),
            # scoring/settling.py: settled audit pairs, which ask for more votes when the campaign raises its most votes per pair.
            Index(
                fields=["campaign", "votes_wanted"],
                condition=Q(is_audit=True, state=PairState.SETTLED, gold_choice__isnull=True),
                name="pair_audit_settled",
            ),
            # scoring/settling.py: pairs whose seats are all taken and that may have all their votes.
            Index(
                fields=["campaign"],
                condition=Q(state=PairState.OPEN, gold_choice__isnull=True, seats_taken=F("votes_wanted")),
                name="pair_full_not_settled",
            ),
        ]

    def __str__(self) -> str:
        return f"pair {self.pk}"

    @property
    def images(self) -> tuple[Image, Image]:
        return self.image_a, self.image_b

    @property
    def is_gold(self) -> bool:
        return self.gold_choice is not None
