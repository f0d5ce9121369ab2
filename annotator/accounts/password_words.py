"""Words that everybody who guesses passwords of this site tries: they do not make a password longer."""

from __future__ import annotations

import re

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext

# Of this application and of its work. The site's own names come from ALLOWED_HOSTS and HUB_NAMESPACE.
WORDS = (
    "annotate",
    "annotation",
    "annotator",
    "campaign",
    "diptych",
    "image",
    "login",
    "password",
    "passwort",
    "preference",
    "vote",
)
SHORTEST_WORD = 4  # letters of a name of the site
REST = 8  # characters that a password needs beside such words


class ContextWordsValidator:
    """Refuses a password that is hardly more than such words."""

    def validate(self, password: str, user: object = None) -> None:
        if len(without_words(password)) < REST:
            raise ValidationError(self.get_help_text(), code="password_context_words")

    def get_help_text(self) -> str:
        return gettext(
            "Use at least %(number)s characters beside words that others would guess here, such as the name of this site, "
            "“diptych” or “password”."
        ) % {"number": REST}


def without_words(password: str) -> str:
    longest_first = sorted({*WORDS, *names_of_site()}, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, longest_first)), "", password.casefold())


def names_of_site() -> set[str]:
    """The parts of its host names, such as `annotate` and `example` of annotate.example.org."""
    parts = {part for host in (*settings.ALLOWED_HOSTS, settings.HUB_NAMESPACE) for part in re.split(r"[^a-z]+", host.casefold())}
    return {part for part in parts if len(part) >= SHORTEST_WORD}
