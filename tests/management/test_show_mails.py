"""`manage.py show_mails`."""

from __future__ import annotations

from django.core.mail import EmailMessage, get_connection
from django.core.management import call_command


def test_it_shows_the_newest_mails_to_an_address(settings, tmp_path, capsys):
    settings.DATA_DIR = tmp_path
    call_command("show_mails")
    assert "No e-mails in" in capsys.readouterr().out
    connection = get_connection("annotator.lib.mail_files.EmailBackend")
    for to, body in [("ana", "first"), ("ana", "https://example.org/reset/1-key/"), ("bert", "another")]:
        EmailMessage("A link", body, "site@example.org", [f"{to}@example.org"], connection=connection).send()

    call_command("show_mails", "--to", "Ana@", "--last", "1")

    shown = capsys.readouterr().out
    assert "To: ana@example.org\nSubject: A link\n\nhttps://example.org/reset/1-key/" in shown
    assert "first" not in shown
    assert "another" not in shown
