"""`manage.py show_mails`: the e-mails of a site without a mail server, with the links in them."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from annotator.lib.mail_files import mail_folder, read_mails


class Command(BaseCommand):
    help = "Show the e-mails that were written to DATA_DIR/mails because EMAIL_URL is not set, the newest last."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--to", default="", help="only those to this address")
        parser.add_argument("--last", type=int, default=10, help="how many at most (default 10)")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = options["to"].strip().casefold()
        mails = [mail for mail in read_mails() if not wanted or wanted in str(mail["To"]).casefold()]
        if not mails or options["last"] < 1:
            self.stdout.write(f"No e-mails in {mail_folder()}.")
            return
        for mail in mails[-options["last"] :]:
            body = mail.get_body(preferencelist=("plain",))
            self.stdout.write("\n".join(f"{name}: {mail[name]}" for name in ("Date", "To", "Subject")))
            self.stdout.write(f"\n{body.get_content() if body else ''}\n" + "-" * 79)
