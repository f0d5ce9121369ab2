"""Campaigns with their questions, and their guidelines."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy

from annotator import releasing, tasks
from annotator.admin.base import NeverDeleted, bar, each, user_of
from annotator.campaigns import guidelines, lifecycle
from annotator.choices import CampaignState, Choice
from annotator.lib.markdown import render_markdown
from annotator.models import Campaign, Guideline, Question
from annotator.models.campaign_rules import SETTING_GROUPS


class QuestionForm(ModelForm):
    class Meta:
        model = Question
        fields = ["position", "slug", "text", "choices"]

    def clean_choices(self) -> list[str]:
        choices: list[str] = self.cleaned_data["choices"]
        if not {Choice.A, Choice.B} <= set(choices):
            raise forms.ValidationError(gettext("Include A and B."))
        return choices


class QuestionFormSet(forms.BaseInlineFormSet):
    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        kept = [form for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]
        if not any((form.cleaned_data.get("position", form.instance.position)) == 0 for form in kept):
            raise forms.ValidationError(
                gettext("One question needs position 0. It is the primary question, which decides seats and labels.")
            )


class QuestionInline(admin.TabularInline):
    """Fully editable in a draft campaign. Later only the wording can change, because votes refer to the rest."""

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


@admin.register(Campaign)
class CampaignAdmin(NeverDeleted):
    list_display = ["name", "open_page", "state", "votes", "pairs"]
    list_filter = ["state"]
    search_fields = ["name", "slug"]
    list_select_related = ["progress"]
    actions = ["open_them", "pause_them", "close_them", "build_releases"]
    inlines = [QuestionInline]

    def get_fieldsets(self, request: HttpRequest, obj: Campaign | None = None) -> list[Any]:
        about = ["name", "slug", "description", *(["state", "created_at", "created_by"] if obj else [])]
        rules = [(group.title, {"fields": group.names}) for group in SETTING_GROUPS]
        return [(None, {"fields": about}), *rules]

    def get_readonly_fields(self, request: HttpRequest, obj: Campaign | None = None) -> list[str]:
        return ["slug", "state", "created_at", "created_by"] if obj else []

    def get_inlines(self, request: HttpRequest, obj: Campaign | None) -> list[Any]:
        return [QuestionInline] if obj else []  # `create_campaign` adds the question of a new campaign

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

    @admin.display(description=gettext_lazy("votes"))
    def votes(self, campaign: Campaign) -> SafeString:
        counts = campaign.progress
        return bar(counts.votes_live, counts.votes_wanted, f"{counts.votes_live} of {counts.votes_wanted}")

    @admin.display(description=gettext_lazy("pairs settled"))
    def pairs(self, campaign: Campaign) -> str:
        counts = campaign.progress
        held = f", {counts.pairs_held} held" if counts.pairs_held else ""
        return f"{counts.pairs_settled} of {counts.pairs_total}{held}"

    @admin.display(description=gettext_lazy("campaign page"))
    def open_page(self, campaign: Campaign) -> SafeString:
        return format_html('<a href="{}">Open campaign page</a>', reverse("campaign_page", args=[campaign.slug]))

    def view_on_site(self, campaign: Campaign) -> str:
        return reverse("campaign_page", args=[campaign.slug])

    def change_states(self, request: HttpRequest, rows: QuerySet[Campaign], state: CampaignState, done: str) -> None:
        each(self, request, rows, lambda row: lifecycle.change_state(campaign=row, state=state, by=user_of(request)), done=done)

    @admin.action(description=gettext_lazy("Open the selected campaigns"), permissions=["change"])
    def open_them(self, request: HttpRequest, rows: QuerySet[Campaign]) -> None:
        self.change_states(request, rows, CampaignState.OPEN, "Opened")

    @admin.action(description=gettext_lazy("Pause the selected campaigns"), permissions=["change"])
    def pause_them(self, request: HttpRequest, rows: QuerySet[Campaign]) -> None:
        self.change_states(request, rows, CampaignState.PAUSED, "Paused")

    @admin.action(description=gettext_lazy("Close the selected campaigns"), permissions=["change"])
    def close_them(self, request: HttpRequest, rows: QuerySet[Campaign]) -> None:
        self.change_states(request, rows, CampaignState.CLOSED, "Closed")

    @admin.action(description=gettext_lazy("Build a release of each selected campaign"), permissions=["change"])
    def build_releases(self, request: HttpRequest, rows: QuerySet[Campaign]) -> None:
        def build(campaign: Campaign) -> None:
            release = releasing.create_release(campaign=campaign, by=user_of(request))
            tasks.enqueue(tasks.build_release, release.pk)

        each(self, request, rows, build, done="Releases queued")


class GuidelineForm(ModelForm):
    class Meta:
        model = Guideline
        fields = ["campaign", "text"]
        help_texts = {"text": gettext_lazy("Markdown. Saved as a draft. Annotators see it after you publish it.")}


@admin.register(Guideline)
class GuidelineAdmin(NeverDeleted):
    """A draft can be changed and published; a published version never changes."""

    form = GuidelineForm
    list_display = ["__str__", "campaign", "version", "published_at", "author"]
    list_filter = [("published_at", admin.EmptyFieldListFilter), "campaign"]
    list_select_related = ["campaign", "author"]
    autocomplete_fields = ["campaign"]
    actions = ["publish"]

    def get_fields(self, request: HttpRequest, obj: Guideline | None = None) -> list[Any]:
        return ["campaign", "text", *(["version", "rendered", "published_at", "author"] if obj else [])]

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

    @admin.display(description=gettext_lazy("as annotators see it"))
    def rendered(self, guideline: Guideline) -> SafeString:
        return format_html('<div class="rendered">{}</div>', render_markdown(guideline.text, under=2))

    @admin.action(description=gettext_lazy("Publish the selected drafts"), permissions=["change"])
    def publish(self, request: HttpRequest, rows: QuerySet[Guideline]) -> None:
        drafts = rows.select_related("campaign").order_by("campaign", "version")
        each(self, request, drafts, lambda row: guidelines.publish_draft(guideline=row, by=user_of(request)), done="Published")
