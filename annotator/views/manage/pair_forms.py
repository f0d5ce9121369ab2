"""The filters of the list of pairs, as its address has them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from annotator.choices import Label, PairState
from annotator.models import Campaign
from annotator.scoring.pair_list import PairFilter

WORDS_LIMIT = 200  # characters
MOST_MENU = 200  # generators in a menu
ID_MAX = 2**63 - 1

ANY = ("", pgettext_lazy("filter", "Any"))
STATES = [ANY, *[(state.value, state.label) for state in PairState], ("retired", _("Retired"))]
LABELS = [ANY, *[(label.value, label.label) for label in Label], ("none", _("No votes yet"))]
GOLD = [
    ANY,
    ("check", _("Gold: checks")),
    ("training", _("Gold: training")),
    ("review", _("Gold: in review")),
    ("no", _("Not gold")),
]
SORTS = [
    ("", _("By number, or as found")),
    ("-number", _("Newest first")),
    ("confidence", _("Least sure first")),
    ("-confidence", _("Surest first")),
    ("alike", _("Most alike first")),
]
SHARE = {"min_value": 0.0, "max_value": 1.0, "required": False}
PARTS = forms.NumberInput(attrs={"step": "0.01", "min": "0", "max": "1"})


class PairFilterForm(forms.Form):
    """Everything optional; empty, it shows all pairs."""

    words = forms.CharField(label=_("Prompt text or external ID"), max_length=WORDS_LIMIT, required=False)
    state = forms.ChoiceField(label=_("State"), choices=STATES, required=False)
    label = forms.ChoiceField(label=_("Label"), choices=LABELS, required=False)
    sort = forms.ChoiceField(label=_("Order"), choices=SORTS, required=False)
    gold = forms.ChoiceField(label=_("Gold"), choices=GOLD, required=False)
    generator = forms.TypedChoiceField(label=_("Generator"), coerce=int, empty_value=None, required=False)
    category = forms.CharField(label=_("Category"), max_length=200, required=False)
    language = forms.CharField(label=_("Language"), max_length=35, required=False)
    import_id = forms.TypedChoiceField(label=_("Import"), coerce=int, empty_value=None, required=False)
    annotator = forms.CharField(label=_("Judged by (user name)"), max_length=150, required=False)
    confidence_min = forms.FloatField(label=_("Confidence from"), widget=PARTS, **SHARE)  # type: ignore[arg-type]
    confidence_max = forms.FloatField(label=_("Confidence to"), widget=PARTS, **SHARE)  # type: ignore[arg-type]
    agreement_max = forms.FloatField(
        label=_("Agreement at most"),
        help_text=_("Pairs on which people disagree have a low agreement."),
        widget=PARTS,
        **SHARE,  # type: ignore[arg-type]
    )
    seconds_min = forms.FloatField(label=_("Seconds a vote from"), min_value=0, max_value=1e7, required=False)
    seconds_max = forms.FloatField(label=_("Seconds a vote to"), min_value=0, max_value=1e7, required=False)
    flagged = forms.BooleanField(label=_("Flagged"), required=False)
    alike = forms.BooleanField(label=_("Near-identical images"), required=False)

    ALWAYS = ("words", "state", "label", "sort")  # shown at once; the others are folded away

    def __init__(self, data: Any, *, campaign: Campaign) -> None:
        super().__init__(data)
        self.campaign = campaign
        generators = [(row.pk, row.name) for row in campaign.generators.order_by("name")[:MOST_MENU]]
        imports = [(row.pk, row.file_name) for row in campaign.imports.order_by("-pk")[:MOST_MENU]]
        for name, rows in (("generator", generators), ("import_id", imports)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [ANY, *rows]

    def clean_annotator(self) -> int | None:
        name = self.cleaned_data["annotator"].strip()
        if not name:
            return None
        found = self.campaign.members.filter(user__username=name).values_list("pk", flat=True).first()
        if found is None:
            raise forms.ValidationError(_("Nobody in this campaign has this user name."))
        return int(found)

    def first_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.ALWAYS]

    def further_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name not in self.ALWAYS]

    def uses_further_fields(self) -> bool:
        return any(self.data.get(name) for name in self.fields if name not in self.ALWAYS)

    def query(self) -> dict[str, str]:
        """What is filled in, for addresses."""
        return {name: self.data[name] for name in self.fields if self.data.get(name)}

    def filter(self) -> PairFilter:
        """Of a valid form."""
        asked = self.cleaned_data
        return PairFilter(
            words=asked["words"],
            state=asked["state"],
            label=asked["label"],
            confidence_min=asked["confidence_min"],
            confidence_max=asked["confidence_max"],
            agreement_max=asked["agreement_max"],
            flagged=asked["flagged"],
            alike=asked["alike"],
            gold=asked["gold"],
            generator=asked["generator"],
            category=asked["category"],
            language=asked["language"],
            import_id=asked["import_id"],
            annotator=asked["annotator"],
            seconds_min=asked["seconds_min"],
            seconds_max=asked["seconds_max"],
            sort=asked["sort"],
        )


class SaveViewForm(forms.Form):
    name = forms.CharField(label=_("Name of the view"), max_length=60)
    query = forms.CharField(max_length=1000, required=False, widget=forms.HiddenInput)
