"""The WSGI entry point of the web server."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.settings")

from annotator.servers import hold_embedded  # noqa: E402 - the settings module must be named first

hold_embedded()
application = get_wsgi_application()
