"""E-mails of a site without a mail server: files that only their owner can read, shown by `manage.py show_mails`.

They contain links that open accounts, so that they do not belong in a log that others read.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Sequence
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage as ParsedEmail
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

KEPT = timedelta(days=7)  # links in them work for three days


class EmailBackend(BaseEmailBackend):
    """Writes each message to a file of its own."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        folder = mail_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for message in email_messages:
            path = folder / f"{time.time_ns():020d}-{secrets.token_hex(4)}.eml"
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(message.message().as_bytes())
        return len(email_messages)


def mail_folder() -> Path:
    return Path(settings.DATA_DIR) / "mails"


def read_mails() -> list[ParsedEmail]:
    """The kept e-mails, the oldest first."""
    return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in sorted(mail_folder().glob("*.eml"))]


def forget_old(now: float | None = None) -> None:
    """Remove what was written longer than KEPT ago."""
    oldest = (time.time() if now is None else now) - KEPT.total_seconds()
    for path in mail_folder().glob("*.eml"):
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
