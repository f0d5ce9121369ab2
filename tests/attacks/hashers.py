from __future__ import annotations

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class FewRounds(PBKDF2PasswordHasher):
    """As the site's own, in a tenth of the time: still longer than all else that a log-in does."""

    iterations = 100_000
