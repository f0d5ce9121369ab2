"""What a manager may assume of a campaign to come, or of its further votes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from annotator.consensus import planning
from annotator.scoring.planning import Assumptions, SoFar

MOST = 10**9


def _number(
    label: str, *, least: float, most: float, step: str = "any", required: bool = True, help_text: Any = ""
) -> forms.FloatField:
    return forms.FloatField(
        label=label,
        min_value=least,
        max_value=most,
        required=required,
        help_text=help_text,
        widget=forms.NumberInput(attrs={"step": step}),
    )


class PlanForm(forms.Form):
    """The fields of `Assumptions`, and two generators to tell apart."""

    generators = forms.IntegerField(label=gettext_lazy("Generators"), min_value=2, max_value=1000)
    prompts = _number("Prompts", least=1, most=MOST)
    pairs_per_prompt = _number(
        "Pairs per prompt",
        least=0.001,
        most=MOST,
        required=False,
        help_text=gettext_lazy("Empty: every generator with every other."),
    )
    votes_per_pair = _number("Votes per pair", least=0.001, most=1000)
    people = _number(
        "Annotators", least=1, most=MOST, required=False, help_text=gettext_lazy("Empty: so many that it does not matter.")
    )
    seconds = _number("Seconds per answer", least=0.1, most=3600)
    price = _number("Price per answer", least=0, most=MOST)
    checks = _number(
        "Share of gold and repeats", least=0, most=0.9, help_text=gettext_lazy("Answers that are checks and no votes.")
    )
    win_rate = _number("Win rate to tell from 0.5", least=0.501, most=0.99)
    target_width = _number(
        "Wanted score interval, ±", least=0.001, most=10, help_text=gettext_lazy("0.1 is about 2.5 wins of 100.")
    )
    agreement = _number(
        "Agreement",
        least=0.5,
        most=0.99,
        required=False,
        help_text=gettext_lazy("How often two people agree on a pair, when both name a winner. 0.5 is chance."),
    )
    pair_share = _number(
        "Share between pairs",
        least=0,
        most=0.95,
        required=False,
        help_text=gettext_lazy("How much of the variation of votes is between pairs of images. The rest is between people."),
    )
    ties = _number("Share of ties", least=0, most=0.95)
    first = forms.ChoiceField(label=gettext_lazy("Tell apart"), required=False)
    second = forms.ChoiceField(label=gettext_lazy("from"), required=False)

    # What votes tell, once there are some, needs no guess.
    GUESSED = ("agreement", "pair_share", "ties")

    def __init__(self, *args: Any, so_far: SoFar | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = list(so_far.scores) if so_far else []
        for name in self.GUESSED if so_far else ():
            del self.fields[name]
        if len(names) < 2:
            del self.fields["first"], self.fields["second"]
            return
        for name, initial in (("first", names[0]), ("second", names[1])):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [(each, each) for each in names]
            field.initial = initial

    def assumptions(self) -> Assumptions:
        given = self.cleaned_data
        return Assumptions(
            generators=given["generators"],
            prompts=given["prompts"],
            pairs_per_prompt=given["pairs_per_prompt"],
            votes_per_pair=given["votes_per_pair"],
            people=given["people"],
            agreement=given.get("agreement"),
            pair_share=given.get("pair_share"),
            ties=given.get("ties") or 0.0,
            seconds=given["seconds"],
            price=given["price"],
            checks=given["checks"],
            win_rate=given["win_rate"],
            target_width=given["target_width"],
        )

    def between(self) -> tuple[str, str] | None:
        first, second = self.cleaned_data.get("first"), self.cleaned_data.get("second")
        return (first, second) if first and second else None


def initial_of(assumptions: Assumptions) -> dict[str, Any]:
    """The fields as they are shown at first."""
    shown = {name: getattr(assumptions, name) for name in PlanForm.base_fields if hasattr(assumptions, name)}
    if shown["agreement"] is None:
        shown["agreement"], shown["pair_share"] = planning.AGREEMENT, planning.PAIR_SHARE
    return {name: f"{value:.10g}" if isinstance(value, float) else value for name, value in shown.items()}
