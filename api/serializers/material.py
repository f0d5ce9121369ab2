"""Pairs and prompts, with what the import said of them: one's own keys come back."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from annotator.choices import ConsensusMethod, Label
from annotator.models import Campaign, Consensus, Image, Pair, Prompt, TakeDown

SLOTS = ("a", "b")
COUNTS = tuple(f"n_{choice}" for choice in ("a", "b", "both_good", "both_bad"))
VERDICT = ("n_votes", *COUNTS, "p_a", "p_b", "p_both_good", "p_both_bad", "label", "share", "confidence", "agreement")


def prompts_of(campaign: Campaign) -> QuerySet[Prompt]:
    return Prompt.objects.filter(campaign=campaign).prefetch_related(
        Prefetch("images", Image.objects.order_by("pk").select_related("generator"))
    )


def pairs_of(campaign: Campaign) -> QuerySet[Pair]:
    """Each table is asked for its own rows of a page: a join of all of them could be planned over all pairs."""
    labels = Consensus.objects.filter(question__campaign=campaign, question__position=0)
    gone = TakeDown.objects.filter(campaign=OuterRef("campaign"))
    pairs = Pair.objects.filter(campaign=campaign).annotate(
        **{f"gone_{slot}": Exists(gone.filter(sha256=OuterRef(f"image_{slot}__sha256"))) for slot in SLOTS}
    )
    return pairs.prefetch_related(
        *("prompt", "image_a__generator", "image_b__generator"), Prefetch("consensus", labels, to_attr="labels")
    )


class ImageSerializer(serializers.ModelSerializer[Image]):
    """An image, with what the import said of it."""

    generator = serializers.CharField(source="generator.name", default=None, allow_null=True)
    parameters = serializers.DictField()
    url = serializers.SerializerMethodField(help_text="The full-size image. A token needs `annotate`, `export` or `manage`.")

    class Meta:
        model = Image
        fields = ["sha256", "generator", "seed", "parameters", "width", "height", "url"]
        read_only_fields = fields

    @extend_schema_field({"type": "string", "format": "uri"})
    def get_url(self, image: Image) -> str:
        return self.address_of(image)

    def address_of(self, image: Image) -> str:
        address: str = self.context["request"].build_absolute_uri(reverse("image", args=[image.public_id]))
        return address


class PromptSerializer(serializers.ModelSerializer[Prompt]):
    """A prompt and its images. `external_id` and `metadata` are those of a line with `images`."""

    prompt_id = serializers.IntegerField(source="pk")
    prompt = serializers.CharField(source="text")
    category = serializers.SerializerMethodField()
    language = serializers.SerializerMethodField()
    metadata = serializers.DictField()
    images = ImageSerializer(many=True)

    class Meta:
        model = Prompt
        fields = ["prompt_id", "prompt", "category", "language", "external_id", "metadata", "images"]
        read_only_fields = fields

    def get_category(self, prompt: Prompt) -> str | None:
        return prompt.category or None

    def get_language(self, prompt: Prompt) -> str | None:
        return prompt.language or None


class PairSerializer(serializers.Serializer[Pair]):
    """A pair, with the columns of the `pairs` config. Counts and labels are of the primary question, as they were scored last."""

    pair_id = serializers.IntegerField()
    prompt_id = serializers.IntegerField()
    prompt = serializers.CharField()
    category = serializers.CharField(allow_null=True)
    language = serializers.CharField(allow_null=True)
    generator_a = serializers.CharField(allow_null=True)
    generator_b = serializers.CharField(allow_null=True)
    n_votes = serializers.IntegerField()
    n_a = serializers.IntegerField()
    n_b = serializers.IntegerField()
    n_both_good = serializers.IntegerField()
    n_both_bad = serializers.IntegerField()
    p_a = serializers.FloatField(allow_null=True)
    p_b = serializers.FloatField(allow_null=True)
    p_both_good = serializers.FloatField(allow_null=True)
    p_both_bad = serializers.FloatField(allow_null=True)
    label = serializers.ChoiceField(Label.choices, allow_null=True, help_text="Null without votes.")  # type: ignore[assignment]
    share = serializers.FloatField(allow_null=True)
    confidence = serializers.FloatField(allow_null=True)
    agreement = serializers.FloatField(allow_null=True)
    is_audit = serializers.BooleanField()
    is_gold = serializers.BooleanField()
    inclusion_probability = serializers.FloatField()
    taken_down = serializers.CharField(
        allow_null=True, help_text="`a`, `b` or `ab`: which of its images were taken down. Their URLs find nothing."
    )
    sha256_a = serializers.CharField()
    sha256_b = serializers.CharField()
    external_id = serializers.CharField(allow_null=True)
    metadata = serializers.DictField()
    prompt_external_id = serializers.CharField(allow_null=True)
    prompt_metadata = serializers.DictField()
    seed_a = serializers.IntegerField(allow_null=True)
    parameters_a = serializers.DictField()
    width_a = serializers.IntegerField()
    height_a = serializers.IntegerField()
    seed_b = serializers.IntegerField(allow_null=True)
    parameters_b = serializers.DictField()
    width_b = serializers.IntegerField()
    height_b = serializers.IntegerField()
    image_a = serializers.URLField(help_text="The full-size image. A token needs `annotate`, `export` or `manage`.")
    image_b = serializers.URLField()

    def to_representation(self, pair: Pair) -> dict[str, Any]:
        row = {
            "pair_id": pair.pk,
            "prompt_id": pair.prompt_id,
            "prompt": pair.prompt.text,
            "category": pair.prompt.category or None,
            "language": pair.prompt.language or None,
            **{name: getattr(pair, name) for name in ("is_audit", "is_gold", "inclusion_probability", "external_id", "metadata")},
            "prompt_external_id": pair.prompt.external_id,
            "prompt_metadata": pair.prompt.metadata,
            "taken_down": "".join(slot for slot in SLOTS if getattr(pair, f"gone_{slot}")) or None,
            **verdict_of(pair.labels),  # type: ignore[attr-defined]  # of `pairs_of`
        }
        for slot, image in zip(SLOTS, pair.images, strict=True):
            shown = ImageSerializer(image, context=self.context).data
            row[f"image_{slot}"] = shown.pop("url")
            row |= {f"{name}_{slot}": value for name, value in shown.items()}
        return {name: row[name] for name in self.fields.keys()}  # noqa: SIM118 - it is no dict


def verdict_of(labels: list[Consensus]) -> dict[str, Any]:
    """By the campaign's method, which beside the majority is the only one that has a row."""
    found = max(labels, key=lambda label: label.method != ConsensusMethod.MAJORITY, default=None)
    if found is None:
        return dict.fromkeys(VERDICT) | dict.fromkeys(("n_votes", *COUNTS), 0)
    return {name: getattr(found, name) for name in VERDICT}
