#!/usr/bin/env python
"""Django's command line, with the embedded servers running for as long as a command needs them."""

import os
import sys

from django.core.management import execute_from_command_line

from annotator.servers import hold_embedded


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.settings")
    hold_embedded()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
