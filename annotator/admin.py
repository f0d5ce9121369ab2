"""The Django admin: every table to look at, and what staff may change, through the same verbs as everywhere.

Votes, assignments and what follows from them are read-only, and nothing is deleted that the database protects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.core.paginator import Paginator
from django.db import connection, models
from django.db.models import Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from annotator import releasing, tasks
from annotator.campaigns import guidelines, lifecycle
from annotator.campaigns import members as campaign_members
from annotator.choices import CampaignState, Choice, MemberState
from annotator.errors import DomainError
from annotator.importing.images import DISPLAY_WIDTHS
from annotator.judging import pair_holds
from annotator.lib.markdown import render_markdown
from annotator.models import (
    AnnotatorStats,
    Appeal,
    Assignment,
    Campaign,
    Consensus,
    Flag,
    Generator,
    Guideline,
    HubAccount,
    Image,
    Import,
    Member,
    ModerationAction,
    Pair,
    Prompt,
    Publication,
    Question,
    Release,
    ReleaseShard,
    ReviewRule,
    Token,
    User,
    Vote,
)
from annotator.quality import gold, moderation

LINE_ERRORS_SHOWN = 100
NAMES_IN_FILTER = 100

# Providers and their secrets come from the environment alone, tokens of theirs are not kept, and addresses are people's own.
admin.site.unregister([EmailAddress, SocialAccount, SocialApp, SocialToken])
admin.site.site_header = "Diptych"
admin.site.site_title = "Diptych"
admin.site.index_title = "Administration"
# Where something may be deleted at all, it is one at a time, on its own page.
admin.site.disable_action("delete_selected")


class BoundedPaginator(Paginator):
    """Pages of a table of any size: nothing is counted beyond EXACT_UP_TO rows, and no page lies very far from the first."""

    EXACT_UP_TO = 10_000
    LAST_PAGE = 500

    @cached_property
    def count(self) -> int:
        """Exact up to EXACT_UP_TO; beyond, Postgres's own estimate for a whole table and EXACT_UP_TO + 1 for a filtered one."""
        rows: QuerySet[Any] = self.object_list.order_by()  # type: ignore[attr-defined]
        counted = rows[: self.EXACT_UP_TO + 1].count()
        if counted <= self.EXACT_UP_TO or rows.query.where:
            return counted
        with connection.cursor() as cursor:
            cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [rows.model._meta.db_table])
            return max(counted, *cursor.fetchone())

    @cached_property
    def num_pages(self) -> int:
        """An OFFSET reads what it leaves out, so only the first pages can be turned to; filters lead to the rest."""
        return min(super().num_pages, self.LAST_PAGE)


class BigTable(admin.ModelAdmin):
    """For tables that may have millions of rows: listed by primary key, the newest first, and never counted whole."""

    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    ordering = ["-pk"]
    sortable_by = ["pk"]
    list_per_page = 50


class ReadOnly(admin.ModelAdmin):
    """To look at, for those who may view; for nobody to add, change or delete."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class FoundByPairOrMember(BigTable):
    """Rows of assignments, searched only in ways that an index serves."""

    search_fields = ["pk"]  # shows the search box
    search_help_text = "The number of a pair, the user name of a member, or a member's pseudonym."
    assignment = ""  # the lookup that leads to the assignment

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        # Looked up first, so that what follows is two index scans and not a join with everybody.
        members = list(Member.objects.filter(Q(user__username=term) | Q(public_id=term)).values_list("pk", flat=True))
        found = Q(**{f"{self.assignment}member__in": members})
        if term.isascii() and term.isdigit():
            found |= Q(**{f"{self.assignment}pair": int(term[:18])})
        return queryset.filter(found), False


class NeverDeleted(admin.ModelAdmin):
    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


def user_of(request: HttpRequest) -> User:
    """Who is logged in: the admin lets nobody else in."""
    assert isinstance(request.user, User)
    return request.user


def bar(value: float, maximum: float, words: str) -> SafeString:
    return format_html(
        '<progress value="{}" max="{}" aria-label="{}"></progress> {}', min(value, maximum), maximum or 1, words, words
    )


def thumbnails(pairs_images: Iterable[Image]) -> SafeString:
    """The images side by side, each a link to its full size."""
    return format_html_join(
        "",
        '<a href="{}"><img class="thumbnail" src="{}" alt="image {}" loading="lazy"></a>',
        (
            (reverse("image", args=[image.public_id]), reverse("image", args=[image.public_id, DISPLAY_WIDTHS[0]]), slot)
            for slot, image in zip("ab", pairs_images, strict=False)
        ),
    )


def each(
    model_admin: admin.ModelAdmin, request: HttpRequest, rows: Iterable[Any], act: Callable[[Any], Any], *, done: str
) -> None:
    """Do it to each row, and say what was done and what was refused and why."""
    count = 0
    for row in rows:
        try:
            act(row)
        except DomainError as refusal:
            model_admin.message_user(request, f"{row}: {refusal.detail}", messages.ERROR)
        else:
            count += 1
    if count:
        model_admin.message_user(request, f"{done}: {count}.", messages.SUCCESS)


# --- campaigns


class QuestionForm(ModelForm):
    class Meta:
        model = Question
        fields = ["position", "slug", "text", "choices"]

    def clean_choices(self) -> list[str]:
        choices: list[str] = self.cleaned_data["choices"]
        if not {Choice.A, Choice.B} <= set(choices):
            raise forms.ValidationError("A and B must be among them.")
        return choices


class QuestionFormSet(forms.BaseInlineFormSet):
    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        kept = [form for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]
        if not any((form.cleaned_data.get("position", form.instance.position)) == 0 for form in kept):
            raise forms.ValidationError("One question must have position 0: the primary one, which decides seats and labels.")


class QuestionInline(admin.TabularInline):
    """All of it while the campaign is a draft; afterwards the wording alone, because votes refer to the rest."""

    model = Question
    form = QuestionForm
    formset = QuestionFormSet
    extra = 0
    ordering = ["position"]

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> forms.Field | None:
        if db_field.name == "choices":
            return forms.MultipleChoiceField(choices=Choice.choices, initial=Choice.values, widget=forms.CheckboxSelectMultiple)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Campaign | None = None) -> list[str]:
        return [] if is_draft(obj) else ["position", "slug", "choices"]

    def has_add_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        return is_draft(obj) and super().has_add_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        return is_draft(obj) and super().has_delete_permission(request, obj)


def is_draft(campaign: Campaign | None) -> bool:
    return campaign is not None and campaign.state == CampaignState.DRAFT


class CampaignForm(ModelForm):
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "votes_wanted" in cleaned and "votes_max" in cleaned:
            try:
                lifecycle.check_overlap(votes_wanted=cleaned["votes_wanted"], votes_max=cleaned["votes_max"])
            except DomainError as refusal:
                for field, reasons in refusal.errors.items():
                    self.add_error(field, reasons)
        return cleaned


@admin.register(Campaign)
class CampaignAdmin(NeverDeleted):
    form = CampaignForm
    list_display = ["name", "open_page", "state", "votes", "pairs"]
    list_filter = ["state"]
    search_fields = ["name", "slug"]
    list_select_related = ["progress"]
    ordering = ["-pk"]
    actions = ["open_them", "pause_them", "close_them", "build_releases"]
    fields = ["name", "slug", "state", "description", *lifecycle.RULES, "created_at", "created_by"]
    inlines = [QuestionInline]

    def get_fields(self, request: HttpRequest, obj: Campaign | None = None) -> list[Any]:
        return [name for name in self.fields if obj or name not in ("state", "created_at", "created_by")]

    def get_readonly_fields(self, request: HttpRequest, obj: Campaign | None = None) -> list[str]:
        return ["slug", "state", "created_at", "created_by"] if obj else []

    def get_inlines(self, request: HttpRequest, obj: Campaign | None) -> list[Any]:
        return [QuestionInline] if obj else []  # a new campaign gets its question from the verb

    def get_queryset(self, request: HttpRequest) -> QuerySet[Campaign]:
        return super().get_queryset(request).select_related("progress")

    def save_model(self, request: HttpRequest, obj: Campaign, form: ModelForm, change: bool) -> None:
        if change:
            lifecycle.change_campaign(
                campaign=obj,
                by=user_of(request),
                name=obj.name,
                description=obj.description,
                rules=lifecycle.rules_in(form.cleaned_data),
            )
            return
        made = lifecycle.create_campaign(
            slug=obj.slug,
            name=obj.name,
            by=user_of(request),
            description=obj.description,
            rules=lifecycle.rules_in(form.cleaned_data),
        )
        obj.pk, obj._state.adding = made.pk, False

    @admin.display(description="votes")
    def votes(self, campaign: Campaign) -> SafeString:
        counts = campaign.progress
        return bar(counts.votes_live, counts.votes_wanted, f"{counts.votes_live} of {counts.votes_wanted}")

    @admin.display(description="pairs settled")
    def pairs(self, campaign: Campaign) -> str:
        counts = campaign.progress
        held = f", {counts.pairs_held} held" if counts.pairs_held else ""
        return f"{counts.pairs_settled} of {counts.pairs_total}{held}"

    @admin.display(description="page")
    def open_page(self, campaign: Campaign) -> SafeString:
        return format_html('<a href="{}">Open its page</a>', reverse("campaign_page", args=[campaign.slug]))

    def view_on_site(self, campaign: Campaign) -> str:
        return reverse("campaign_page", args=[campaign.slug])

    def change_states(self, request: HttpRequest, rows: QuerySet[Campaign], state: CampaignState, done: str) -> None:
        each(self, request, rows, lambda row: lifecycle.change_state(campaign=row, state=state, by=user_of(request)), done=done)

    @admin.action(description="Open the selected campaigns", permissions=["change"])
    def open_them(self, request: HttpRequest, rows: QuerySet[Campaign]) -> None:
        self.change_states(request, rows, CampaignState.OPEN, "Open")

    @admin.action(description="Pause the selected campaigns", permissions=["change"])
    def pause_them(self, request: HttpRequest, rows: QuerySet[Campaign]) -> None:
        self.change_states(request, rows, CampaignState.PAUSED, "Paused")

    @admin.action(description="Close the selected campaigns", permissions=["change"])
    def close_them(self, request: HttpRequest, rows: QuerySet[Campaign]) -> None:
        self.change_states(request, rows, CampaignState.CLOSED, "Closed")

    @admin.action(description="Build a release of the selected campaigns", permissions=["change"])
    def build_releases(self, request: HttpRequest, rows: QuerySet[Campaign]) -> None:
        def build(campaign: Campaign) -> None:
            release = releasing.create_release(campaign=campaign, by=user_of(request))
            tasks.enqueue(tasks.build_release, release.pk)

        each(self, request, rows, build, done="Releases being built")


class GuidelineForm(ModelForm):
    class Meta:
        model = Guideline
        fields = ["campaign", "text"]
        help_texts = {"text": "Markdown. Saved as a draft, which nobody is shown before it is published."}


@admin.register(Guideline)
class GuidelineAdmin(NeverDeleted):
    """A draft can be changed and published; a published version never changes."""

    form = GuidelineForm
    list_display = ["__str__", "campaign", "version", "published_at", "author"]
    list_filter = [("published_at", admin.EmptyFieldListFilter), "campaign"]
    list_select_related = ["campaign", "author"]
    autocomplete_fields = ["campaign"]
    ordering = ["-pk"]
    actions = ["publish"]

    def get_fields(self, request: HttpRequest, obj: Guideline | None = None) -> list[Any]:
        return ["campaign", "version", "text", "rendered", "published_at", "author"] if obj else ["campaign", "text"]

    def get_readonly_fields(self, request: HttpRequest, obj: Guideline | None = None) -> list[str]:
        return ["campaign", "version", "rendered", "published_at", "author"] if obj else []

    def has_change_permission(self, request: HttpRequest, obj: Guideline | None = None) -> bool:
        return (obj is None or obj.published_at is None) and super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Guideline, form: ModelForm, change: bool) -> None:
        if change:
            guidelines.change_draft(guideline=obj, text=obj.text, by=user_of(request))
            return
        made = guidelines.draft_guideline(campaign=obj.campaign, text=obj.text, by=user_of(request))
        obj.pk, obj.version, obj._state.adding = made.pk, made.version, False

    @admin.display(description="as annotators see it")
    def rendered(self, guideline: Guideline) -> SafeString:
        return format_html('<div class="rendered">{}</div>', render_markdown(guideline.text, under=2))

    @admin.action(description="Publish the selected drafts", permissions=["change"])
    def publish(self, request: HttpRequest, rows: QuerySet[Guideline]) -> None:
        drafts = rows.select_related("campaign").order_by("campaign", "version")
        each(self, request, drafts, lambda row: guidelines.publish_draft(guideline=row, by=user_of(request)), done="Published")


# --- material


@admin.register(Generator)
class GeneratorAdmin(ReadOnly):
    list_display = ["name", "campaign"]
    list_filter = ["campaign"]
    list_select_related = ["campaign"]
    search_fields = ["name"]
    ordering = ["-pk"]


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

    @admin.display(description="image")
    def thumbnail(self, image: Image) -> SafeString:
        return thumbnails([image])

    @admin.display(description="pixels")
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
    """By the name of a generator that made either image; of the campaign that is filtered by, where one is."""

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
    """The known answer as the form says it, checked by the rules of the verb that will set it."""

    priority = forms.IntegerField(
        min_value=-pair_holds.PRIORITY_LIMIT, max_value=pair_holds.PRIORITY_LIMIT, help_text="Higher comes first."
    )
    gold_choice = forms.ChoiceField(
        choices=[("", "Not gold"), *Choice.choices],
        required=False,
        help_text="The known answer. A gold pair collects no regular votes. Annotators are measured by it, so once it is used it"
        " can be changed or removed only while the pair is in review.",
    )

    class Meta:
        model = Pair
        fields = ["priority", "gold_choice", "gold_note"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "gold_choice" in cleaned:
            cleaned["gold_choice"] = cleaned["gold_choice"] or None
            pair = Pair.objects.get(pk=self.instance.pk)  # the instance takes on what the form says
            try:
                gold.check_gold(pair=pair, choice=cleaned["gold_choice"], note=cleaned.get("gold_note", ""), use=pair.gold_use)
            except DomainError as refusal:
                if not refusal.errors:
                    self.add_error("gold_choice", refusal.detail)
                for field, reasons in refusal.errors.items():
                    self.add_error(field, reasons)
        return cleaned


@admin.register(Pair)
class PairAdmin(BigTable, NeverDeleted):
    form = PairForm
    list_display = ["pk", "images", "prompt", "standing", "made_by", "campaign"]
    list_display_links = ["pk", "prompt"]
    list_filter = ["campaign", "state", GoldFilter, GeneratorFilter]
    list_select_related = ["campaign", "prompt", "image_a__generator", "image_b__generator"]
    search_fields = ["prompt__text", "external_id"]
    actions = ["hold", "put_back", "first_in_line", "middle_of_line", "end_of_line"]
    readonly_fields = ["images", "prompt", "made_by", "campaign", "external_id", "metadata", "state", "votes", "created_at"]
    fields = [
        *("images", "prompt", "made_by", "campaign", "external_id", "metadata", "state", "votes", "created_at"),
        *("priority", "gold_choice", "gold_note"),
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # pairs come from imports

    def save_model(self, request: HttpRequest, obj: Pair, form: ModelForm, change: bool) -> None:
        pair_holds.set_priority(pair_ids=[obj.pk], priority=obj.priority, by=user_of(request))
        gold.set_gold(pair=obj, choice=obj.gold_choice, note=obj.gold_note, use=obj.gold_use, by=user_of(request))

    @admin.display(description="images a and b")
    def images(self, pair: Pair) -> SafeString:
        return thumbnails([pair.image_a, pair.image_b])

    @admin.display(description="made by")
    def made_by(self, pair: Pair) -> SafeString:
        return format_html("{}<br>{}", pair.image_a.generator or "unknown", pair.image_b.generator or "unknown")

    @admin.display(description="state")
    def standing(self, pair: Pair) -> SafeString:
        facts = [pair.get_state_display(), f"{self.votes(pair)} seats taken"]
        if pair.gold_choice is not None:
            facts.append(f"Gold: {Choice(pair.gold_choice).label}")
        if pair.priority:
            facts.append(f"Priority {pair.priority}")
        return format_html_join("", "{}<br>", ((fact,) for fact in facts))

    @admin.display(description="seats taken")
    def votes(self, pair: Pair) -> str:
        return f"{pair.seats_taken} of {pair.votes_wanted}"

    @admin.action(description="Hold: take the selected pairs out of circulation", permissions=["change"])
    def hold(self, request: HttpRequest, rows: QuerySet[Pair]) -> None:
        count = pair_holds.hold_pairs(pair_ids=ids(rows), by=user_of(request))
        self.message_user(request, f"Taken out of circulation: {count}.", messages.SUCCESS)

    @admin.action(description="Put the selected held pairs back in circulation", permissions=["change"])
    def put_back(self, request: HttpRequest, rows: QuerySet[Pair]) -> None:
        count = pair_holds.return_pairs(pair_ids=ids(rows), by=user_of(request))
        self.message_user(request, f"Put back in circulation: {count}.", messages.SUCCESS)

    def move(self, request: HttpRequest, rows: QuerySet[Pair], priority: int) -> None:
        count = pair_holds.set_priority(pair_ids=ids(rows), priority=priority, by=user_of(request))
        self.message_user(request, f"Now with priority {priority}: {count}.", messages.SUCCESS)

    @admin.action(description="Hand out the selected pairs first (priority 1)", permissions=["change"])
    def first_in_line(self, request: HttpRequest, rows: QuerySet[Pair]) -> None:
        self.move(request, rows, 1)

    @admin.action(description="Hand out the selected pairs as usual (priority 0)", permissions=["change"])
    def middle_of_line(self, request: HttpRequest, rows: QuerySet[Pair]) -> None:
        self.move(request, rows, 0)

    @admin.action(description="Hand out the selected pairs last (priority -1)", permissions=["change"])
    def end_of_line(self, request: HttpRequest, rows: QuerySet[Pair]) -> None:
        self.move(request, rows, -1)


def ids(rows: QuerySet[Pair]) -> list[int]:
    return list(rows.values_list("pk", flat=True))


@admin.register(Import)
class ImportAdmin(ReadOnly):
    list_display = ["file_name", "campaign", "state", "lines_total", "lines_failed", "pairs_added", "pairs_known", "created_at"]
    list_filter = ["state", "campaign"]
    list_select_related = ["campaign"]
    ordering = ["-pk"]
    readonly_fields = ["refused_lines"]

    @admin.display(description="refused lines")
    def refused_lines(self, import_: Import) -> SafeString | str:
        refused = import_.line_errors.order_by("number")[: LINE_ERRORS_SHOWN + 1]
        rows = [(error.number, error.field, error.message) for error in refused[:LINE_ERRORS_SHOWN]]
        if not rows:
            return "none"
        listed = format_html_join("", "<tr><td>{}</td><td>{}</td><td>{}</td></tr>", rows)
        more = f"The first {LINE_ERRORS_SHOWN} of {import_.lines_failed}." if len(refused) > LINE_ERRORS_SHOWN else ""
        head = "<thead><tr><th>Line</th><th>Field</th><th>Reason</th></tr></thead>"
        return format_html("<table>" + head + "<tbody>{}</tbody></table>{}", listed, more)


# --- people


class MemberForm(ModelForm):
    class Meta:
        model = Member
        fields = ["campaign", "user", "role"]


@admin.register(Member)
class MemberAdmin(NeverDeleted):
    form = MemberForm
    ordering = ["-pk"]
    list_display = ["user", "campaign", "role", "state", "public_id", "answered_count", "side_balance", "joined_at"]
    list_filter = ["role", "state", "campaign"]
    list_select_related = ["user", "campaign"]
    search_fields = ["user__username", "user__email", "public_id"]
    autocomplete_fields = ["campaign", "user"]
    actions = ["pause", "let_work", "suspend", "lift_suspension"]

    def get_fields(self, request: HttpRequest, obj: Member | None = None) -> list[Any]:
        return ["campaign", "user", "role", *(self.get_readonly_fields(request, obj)[2:])]

    def get_readonly_fields(self, request: HttpRequest, obj: Member | None = None) -> list[str]:
        if obj is None:
            return []
        accepted = ["guideline_accepted", "guideline_accepted_at"]
        return ["campaign", "user", "state", "public_id", "answered_count", "side_balance", *accepted, "joined_at"]

    def save_model(self, request: HttpRequest, obj: Member, form: ModelForm, change: bool) -> None:
        made, _ = campaign_members.add_member(campaign=obj.campaign, user=obj.user, role=obj.role, by=user_of(request))
        obj.pk, obj._state.adding = made.pk, False

    def change_states(self, request: HttpRequest, rows: QuerySet[Member], state: MemberState, done: str) -> None:
        members = rows.select_related("user", "campaign")
        each(
            self,
            request,
            members,
            lambda row: campaign_members.change_member_state(member=row, state=state, by=user_of(request)),
            done=done,
        )

    @admin.action(description="Pause the selected members", permissions=["change"])
    def pause(self, request: HttpRequest, rows: QuerySet[Member]) -> None:
        self.change_states(request, rows, MemberState.PAUSED, "Paused")

    @admin.action(description="Let the selected paused members work again", permissions=["change"])
    def let_work(self, request: HttpRequest, rows: QuerySet[Member]) -> None:
        self.change_states(request, rows, MemberState.ACTIVE, "At work again")

    @admin.action(description="Suspend the selected members: their votes no longer count", permissions=["change"])
    def suspend(self, request: HttpRequest, rows: QuerySet[Member]) -> None:
        seats: list[int] = []
        members = rows.select_related("user", "campaign")
        by = user_of(request)
        each(self, request, members, lambda row: seats.append(moderation.suspend_member(member=row, by=by)), done="Suspended")
        self.message_user(request, f"Seats given back: {sum(seats)}.", messages.INFO)

    @admin.action(description="Lift the suspension of the selected members: votes are restored", permissions=["change"])
    def lift_suspension(self, request: HttpRequest, rows: QuerySet[Member]) -> None:
        restored: list[int] = []
        members = rows.select_related("user", "campaign")
        by = user_of(request)
        each(self, request, members, lambda row: restored.append(moderation.lift_suspension(member=row, by=by)), done="Let back")
        self.message_user(request, f"Answers restored: {sum(restored)}.", messages.INFO)


@admin.register(Token)
class TokenAdmin(admin.ModelAdmin):
    """Made by `manage.py create_token` alone, which shows the key once. What can be done here is to revoke one."""

    list_display = ["hint", "user", "name", "scopes", "created_at", "last_used_at", "expires_at", "revoked_at"]
    list_filter = [("revoked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user"]
    search_fields = ["user__username", "name", "hint"]
    ordering = ["-pk"]
    actions = ["revoke"]
    fields = readonly_fields = ("hint", "user", "name", "scopes", "created_at", "last_used_at", "expires_at", "revoked_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    @admin.action(description="Revoke the selected tokens", permissions=["change"])
    def revoke(self, request: HttpRequest, rows: QuerySet[Token]) -> None:
        count = rows.filter(revoked_at__isnull=True).update(revoked_at=timezone.now())
        self.message_user(request, f"Revoked: {count}.", messages.SUCCESS)


admin.site.register(User, UserAdmin)


# --- judging and what follows from it


@admin.register(Assignment)
class AssignmentAdmin(FoundByPairOrMember, ReadOnly):
    list_display = ["pk", "pair", "member", "kind", "state", "a_on_left", "created_at", "shown_at", "closed_at"]
    list_filter = ["state", "kind", "member__campaign"]
    list_select_related = ["pair", "member__user", "member__campaign"]


@admin.register(Vote)
class VoteAdmin(FoundByPairOrMember, ReadOnly):
    assignment = "assignment__"
    list_display = ["pk", "choice", "question", "of_pair", "by_member", "elapsed_ms", "created_at", "void_reason"]
    list_filter = ["choice", "void_reason", "question__campaign"]
    list_select_related = ["question", "assignment__pair", "assignment__member__user", "assignment__member__campaign"]

    @admin.display(description="pair")
    def of_pair(self, vote: Vote) -> Pair:
        return vote.assignment.pair

    @admin.display(description="member")
    def by_member(self, vote: Vote) -> Member:
        return vote.assignment.member


@admin.register(Flag)
class FlagAdmin(FoundByPairOrMember, ReadOnly):
    assignment = "assignment__"
    list_display = ["pk", "reason", "note", "of_pair", "created_at", "resolved_at"]
    list_filter = ["reason", ("resolved_at", admin.EmptyFieldListFilter), "assignment__member__campaign"]
    list_select_related = ["assignment__pair"]

    @admin.display(description="pair")
    def of_pair(self, flag: Flag) -> Pair:
        return flag.assignment.pair


@admin.register(Consensus)
class ConsensusAdmin(BigTable, ReadOnly):
    list_display = ["pk", "pair", "question", "label", "confidence", "n_a", "n_b", "n_both_good", "n_both_bad", "agreement"]
    list_filter = ["label", "method", "question__campaign"]
    list_select_related = ["pair", "question"]


@admin.register(ModerationAction)
class ActAdmin(ReadOnly):
    """Made by the review and on the managers' pages."""

    list_display = ["pk", "kind", "member", "rule", "actor", "at", "note"]
    list_filter = ["kind", "member__campaign"]
    list_select_related = ["member__user", "member__campaign", "rule", "actor"]


@admin.register(Appeal)
class AppealAdmin(ReadOnly):
    list_display = ["pk", "state", "member", "message", "created_at", "answered_by", "answered_at"]
    list_filter = ["state", "member__campaign"]
    list_select_related = ["member__user", "member__campaign", "answered_by"]


@admin.register(ReviewRule)
class ReviewRuleAdmin(ReadOnly):
    """Changed on the managers' pages, where each says what it means."""

    list_display = ["__str__", "campaign", "threshold", "minimum", "enabled", "asks_since", "confirmed_at"]
    list_filter = ["measure", "outcome", "enabled", "campaign"]
    list_select_related = ["campaign"]


@admin.register(AnnotatorStats)
class StandingAdmin(ReadOnly):
    list_display = ["member", "trust", "recent_trust", "skill", "gold_right", "gold_count", "computed_at"]
    list_filter = ["member__campaign"]
    list_select_related = ["member__user", "member__campaign"]


@admin.register(HubAccount)
class HubAccountAdmin(ReadOnly):
    """Set on the campaign's pages; the token is shown nowhere."""

    list_display = ["campaign", "repository", "is_private", "updated_at", "updated_by"]
    list_select_related = ["campaign", "updated_by"]
    fields = ["campaign", "repository", "is_private", "token_hint", "updated_at", "updated_by"]


@admin.register(Publication)
class PublicationAdmin(ReadOnly):
    list_display = ["pk", "release", "repository", "state", "how_far", "created_at", "created_by"]
    list_filter = ["state", "release__campaign"]
    list_select_related = ["release__campaign", "created_by"]

    @admin.display(description="progress")
    def how_far(self, publication: Publication) -> SafeString:
        return bar(publication.progress, 1, f"{publication.progress:.0%}")


@admin.register(ReleaseShard)
class ReleaseShardAdmin(ReadOnly):
    """What workers still have to write of a release, and what they wrote."""

    list_display = ["pk", "release", "path", "tries", "finished_at", "size"]
    list_filter = ["release__campaign"]
    list_select_related = ["release__campaign"]


@admin.register(Release)
class ReleaseAdmin(ReadOnly):
    """Built by the action on campaigns or the button on a campaign's page."""

    list_display = ["__str__", "campaign", "state", "how_far", "revision", "created_at", "created_by"]
    list_filter = ["state", "campaign"]
    list_select_related = ["campaign", "created_by"]
    ordering = ["-pk"]
    readonly_fields = ["how_far", "listed_files"]
    fields = [
        *("campaign", "number", "state", "how_far", "revision", "listed_files", "error"),
        *("created_at", "created_by", "finished_at", "cancelled_by", "heard_at", "tries", "has_leftovers"),
    ]

    @admin.display(description="progress")
    def how_far(self, release: Release) -> SafeString:
        return bar(release.progress, 1, f"{release.progress:.0%}")

    @admin.display(description="files")
    def listed_files(self, release: Release) -> SafeString | str:
        files = release.files.order_by("path")
        rows = (
            (reverse("api:release_file", args=[release.campaign.slug, release.number, file.path]), file.path, file.size)
            for file in files
        )
        return format_html_join(" ", '<div><a href="{}">{}</a> ({} bytes)</div>', rows) or "none yet"
