"""E-mails of a site without a mail server."""

from __future__ import annotations

import stat
import time

import pytest
from django.core.mail import EmailMessage, get_connection

from annotator.lib.mail_files import KEPT, forget_old, mail_folder, read_mails


@pytest.fixture
def send(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"

    def send(subject: str, body: str = "https://example.org/account/password/reset/1-secret/") -> None:
        connection = get_connection("annotator.lib.mail_files.EmailBackend")
        EmailMessage(subject, body, "site@example.org", ["ana@example.org"], connection=connection).send()

    return send


def test_only_the_owner_reads_them(send):
    send("Ünïcode")

    (file,) = mail_folder().iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(mail_folder().stat().st_mode) == 0o700


def test_they_are_read_in_the_order_in_which_they_were_sent(send):
    assert read_mails() == []
    send("One")
    send("Two", body="ß\n")

    assert [(mail["Subject"], mail["To"]) for mail in read_mails()] == [("One", "ana@example.org"), ("Two", "ana@example.org")]
    assert read_mails()[1].get_content() == "ß\n"


def test_they_are_removed_when_their_links_are_over(send):
    send("One")
    forget_old()
    assert len(read_mails()) == 1
    forget_old(time.time() + KEPT.total_seconds() + 60)
    assert read_mails() == []
    forget_old()
