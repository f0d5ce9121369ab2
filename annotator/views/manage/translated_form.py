"""A form with a text that annotators can read in several languages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings

from annotator.models.in_languages import InLanguages

PREFIX = "text_"
FIELDS = {f"{PREFIX}{code.replace('-', '_')}": (code, name) for code, name in settings.LANGUAGES}


class TranslatedForm(forms.Form):
    """Has a field for each language of the site. An empty one is no translation: its readers get the first text."""

    rows_of_translations = 8

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        limit = self.fields["text"].max_length if isinstance(self.fields["text"], forms.CharField) else None
        for name, (code, language) in FIELDS.items():
            area = forms.Textarea(attrs={"rows": self.rows_of_translations, "lang": code, "dir": "auto"})
            self.fields[name] = forms.CharField(label=language, required=False, max_length=limit, widget=area)

    @staticmethod
    def initial_of(row: InLanguages) -> dict[str, str]:
        return {name: row.translations[code] for name, (code, _) in FIELDS.items() if code in row.translations}

    def first_fields(self) -> list[forms.BoundField]:
        return [field for field in self if field.name not in FIELDS]

    def translation_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in FIELDS]

    def has_translations(self) -> bool:
        return any(field.value() or field.errors for field in self.translation_fields())

    def translations(self) -> dict[str, str]:
        """By language; of a valid form."""
        return {code: self.cleaned_data[name] for name, (code, _) in FIELDS.items() if self.cleaned_data[name]}
