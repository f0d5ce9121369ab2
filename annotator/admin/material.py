"""What is judged: generators, prompts, images, pairs, and the imports they came in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from annotator.admin.base import BigTable, NeverAdded, ReadOnly, thumbnails, user_of
from annotator.choices import Choice
from annotator.errors import DomainError
from annotator.judging import pair_holds
from annotator.models import Generator, Image, Import, Pair, Prompt
from annotator.quality import gold

LINE_ERRORS_SHOWN = 100
NAMES_IN_FILTER = 100


@admin.register(Generator)
class GeneratorAdmin(ReadOnly):
    list_display = ["name", "campaign"]
    list_filter = ["campaign"]
    list_select_related = ["campaign"]
    search_fields = ["name"]


@admin.register(Prompt)
class PromptAdmin(BigTable, ReadOnly):
    list_display = ["pk", "__str__", "campaign", "category", "language", "external_id"]
    list_display_links = ["pk", "__str__"]
    list_filter = ["campaign"]
    list_select_related = ["campaign"]
    search_fields = ["text", "external_id"]


@admin.register(Image)
class ImageAdmin(BigTable, ReadOnly):
    list_display = ["pk", "thumbnail", "prompt", "generator", "seed", "size", "format"]
    list_display_links = ["pk"]
    list_filter = ["format", "prompt__campaign"]
    list_select_related = ["prompt", "generator"]
    search_fields = ["prompt__text", "sha256"]
    fields = [
        *("thumbnail", "public_id", "prompt", "generator", "seed", "parameters", "sha256", "format"),
        *("width", "height", "byte_size"),
    ]
    readonly_fields = ["thumbnail", "public_id"]

    @admin.display(description=gettext_lazy("image"))
    def thumbnail(self, image: Image) -> SafeString:
        return thumbnails([image])

    @admin.display(description=gettext_lazy("pixels"))
    def size(self, image: Image) -> str:
        return f"{image.width} × {image.height}"


class GoldFilter(admin.SimpleListFilter):
    title = "gold"
    parameter_name = "gold"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Gold"), ("no", "Not gold")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Pair]) -> QuerySet[Pair]:
        if self.value() in ("yes", "no"):
            return queryset.filter(gold_choice__isnull=self.value() == "no")
        return queryset


class GeneratorFilter(admin.SimpleListFilter):
    """By the generator of either image. Lists the generators of the campaign in the campaign filter, if there is one."""

    title = "generator"
    parameter_name = "generator"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        generators = Generator.objects.order_by("name")
        campaign = request.GET.get("campaign__id__exact", "")
        if campaign.isascii() and campaign.isdigit():
            generators = generators.filter(campaign=int(campaign[:18]))
        names = generators.values_list("name", flat=True).distinct()[:NAMES_IN_FILTER]
        return [(name, name) for name in names]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Pair]) -> QuerySet[Pair]:
        if not self.value():
            return queryset
        return queryset.filter(Q(image_a__generator__name=self.value()) | Q(image_b__generator__name=self.value()))


class PairForm(ModelForm):
    """Checks the known answer with the same rules as `set_gold`."""

    priority = forms.IntegerField(
        min_value=-pair_holds.PRIORITY_LIMIT,
        max_value=pair_holds.PRIORITY_LIMIT,
        help_text=gettext_lazy("Annotators get pairs with a higher priority first."),
    )
    gold_choice = forms.ChoiceField(
        choices=[("", "Not gold"), *Choice.choices],
        required=False,
        help_text=gettext_lazy(
            "The known answer of a gold pair, which collects no regular votes. After annotators have answered it, you can"
            " change or remove it only while the pair is in review."
        ),
    )

    class Meta:
        model = Pair
        fields = ["priority", "gold_choice", "gold_note"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "gold_choice" in cleaned:
            cleaned["gold_choice"] = cleaned["gold_choice"] or None
            pair = Pair.objects.get(pk=self.instance.pk)  # the form has already changed the instance
            try:
                gold.check_gold(pair=pair, choice=cleaned["gold_choice"], note=cleaned.get("gold_note", ""), use=pair.gold_use)
            except DomainError as error:
                if not error.errors:
                    self.add_error("gold_choice", error.detail)
                for field, reasons in error.errors.items():
                    self.add_error(field, reasons)
        return cleaned


@admin.register(Pair)
class PairAdmin(BigTable, NeverAdded):
    """Pairs come from imports."""

    form = PairForm
    list_display = ["pk", "images", "prompt", "state_in_words", "made_by", "campaign"]
    list_display_links = ["pk", "prompt"]
    list_filter = ["campaign", "state", GoldFilter, GeneratorFilter]
    list_select_related = ["campaign", "prompt", "image_a__generator", "image_b__generator"]
    search_fields = ["prompt__text", "external_id"]
    actions = ["hold", "put_back", "first_in_line", "middle_of_line", "end_of_line"]
    readonly_fields = [
        "images",
        "prompt",
        "made_by",
        "campaign",
        "external_id",
        "metadata",
        "state",
        "votes",
        "is_audit",
        "inclusion_probability",
        "created_at",
    ]
    fields = [*readonly_fields, "priority", "gold_choice", "gold_note"]

    def save_model(self, request: HttpRequest, obj: Pair, form: ModelForm, change: bool) -> None:
        pair_holds.set_priority(pair_ids=[obj.pk], priority=obj.priority, by=user_of(request))
        gold.set_gold(pair=obj, choice=obj.gold_choice, note=obj.gold_note, use=obj.gold_use, by=user_of(request))

    @admin.display(description=gettext_lazy("images a and b"))
    def images(self, pair: Pair) -> SafeString:
        return thumbnails([pair.image_a, pair.image_b])

    @admin.display(description=gettext_lazy("made by"))
    def made_by(self, pair: Pair) -> SafeString:
        return format_html("{}<br>{}", pair.image_a.generator or "unknown", pair.image_b.generator or "unknown")

    @admin.display(description=gettext_lazy("state"))
    def state_in_words(self, pair: Pair) -> SafeString:
        facts = [pair.get_state_display(), f"{self.votes(pair)} seats taken"]
        if pair.gold_choice is not None:
            facts.append(f"Gold: {Choice(pair.gold_choice).label}")
        if pair.priority:
            facts.append(f"Priority {pair.priority}")
        return format_html_join("", "{}<br>", ((fact,) for fact in facts))

    @admin.display(description=gettext_lazy("seats taken"))
    def votes(self, pair: Pair) -> str:
        return f"{pair.seats_taken} of {pair.votes_wanted}"

    @admin.action(description=gettext_lazy("Hold the selected pairs"), permissions=["change"])
    def hold(self, request: HttpRequest, rows: QuerySet[Pair]) -> None:
        count = pair_holds.hold_pairs(pair_ids=ids(rows), by=user_of(request))
        self.message_user(request, f"Held: {count}.", messages.SUCCESS)

    @admin.action(description=gettext_lazy("Release the selected pairs from hold"), permissions=["change"])
    def put_back(self, request: HttpRequest, rows: QuerySet[Pair]) -> None:
        count = pair_holds.return_pairs(pair_ids=ids(rows), by=user_of(request))
        self.message_user(request, f"Released: {count}.", messages.SUCCESS)

    def move(self, request: HttpRequest, rows: QuerySet[Pair], priority: int) -> None:
        count = pair_holds.set_priority(pair_ids=ids(rows), priority=priority, by=user_of(request))
        self.message_user(request, f"Priority set to {priority}: {count}.", messages.SUCCESS)

    @admin.action(description=gettext_lazy("Assign the selected pairs first (priority 1)"), permissions=["change"])
    def first_in_line(self, request: HttpRequest, rows: QuerySet[Pair]) -> None:
        self.move(request, rows, 1)

    @admin.action(description=gettext_lazy("Assign the selected pairs as usual (priority 0)"), permissions=["change"])
    def middle_of_line(self, request: HttpRequest, rows: QuerySet[Pair]) -> None:
        self.move(request, rows, 0)

    @admin.action(description=gettext_lazy("Assign the selected pairs last (priority -1)"), permissions=["change"])
    def end_of_line(self, request: HttpRequest, rows: QuerySet[Pair]) -> None:
        self.move(request, rows, -1)


def ids(rows: QuerySet[Pair]) -> list[int]:
    return list(rows.values_list("pk", flat=True))


@admin.register(Import)
class ImportAdmin(ReadOnly):
    list_display = ["file_name", "campaign", "state", "lines_total", "lines_failed", "pairs_added", "pairs_known", "created_at"]
    list_filter = ["state", "campaign"]
    list_select_related = ["campaign"]
    readonly_fields = ["refused_lines"]

    @admin.display(description=gettext_lazy("refused lines"))
    def refused_lines(self, import_: Import) -> SafeString | str:
        refused = import_.line_errors.order_by("number")[: LINE_ERRORS_SHOWN + 1]
        rows = [(error.number, error.field, error.message) for error in refused[:LINE_ERRORS_SHOWN]]
        if not rows:
            return "None"
        listed = format_html_join("", "<tr><td>{}</td><td>{}</td><td>{}</td></tr>", rows)
        more = f"Showing the first {LINE_ERRORS_SHOWN} of {import_.lines_failed}." if len(refused) > LINE_ERRORS_SHOWN else ""
        head = "<thead><tr><th>Line</th><th>Field</th><th>Reason</th></tr></thead>"
        return format_html("<table>" + head + "<tbody>{}</tbody></table>{}", listed, more)
