"""Texts of managers that annotators read in their own language."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import get_language, gettext, gettext_lazy


def validate_translations(translations: Any) -> None:
    """Raises ValidationError unless it is an object of texts by the code of a language that the site has."""
    known = [code for code, _ in settings.LANGUAGES]
    if not isinstance(translations, dict):
        raise ValidationError(gettext("Use an object of texts by language."))
    for code, text in translations.items():
        if code not in known:
            raise ValidationError(
                gettext("%(code)s is not a language of this site. Use one of %(known)s.")
                % {"code": repr(code), "known": ", ".join(known)}
            )
        if not isinstance(text, str) or not text.strip():
            raise ValidationError(gettext("The text in %(code)s is empty.") % {"code": code})


class InLanguages(models.Model):
    """A row with a `text`, and the same in other languages."""

    translations = models.JSONField(
        default=dict,
        db_default={},
        blank=True,
        validators=[validate_translations],
        help_text=gettext_lazy("The same text in other languages, by the code of the language."),
    )

    class Meta:
        abstract = True

    text: Any

    @property
    def text_here(self) -> str:
        """In the language of this request, where managers wrote it; else as they wrote it first."""
        return str(self.translations.get(get_language() or "", self.text))

    @property
    def language_here(self) -> str:
        """The language of `text_here`; "" for that of the first text, which nobody has said."""
        code = get_language() or ""
        return code if code in self.translations else ""
