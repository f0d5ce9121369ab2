#!/usr/bin/env python
"""Django's command line, with the embedded servers running for as long as a command needs them."""

import os
import sys
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured

from annotator.lib.lazy_import import lazy_import
from annotator.local import serve
from annotator.local.hold import SupervisorError, hold_embedded

if TYPE_CHECKING:
    from django.core import management
else:
    management = lazy_import("django.core.management")


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.settings")
    try:
        if sys.argv[1:2] == ["serve"]:  # which starts the servers itself, and stays: without Django
            sys.exit(serve.main(sys.argv[2:]))
        hold_embedded()
        management.execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, SupervisorError) as error:
        sys.exit(f"Error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
