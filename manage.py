#!/usr/bin/env python
"""Django's command line, with the embedded servers running for as long as a command needs them."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from annotator.local.hold import SupervisorError, hold_embedded


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.settings")
    try:
        if sys.argv[1:2] != ["serve"]:  # which looks at its port before it starts anything
            hold_embedded()
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, SupervisorError) as error:
        sys.exit(f"Error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
