"""The WSGI entry point of the web server."""

import os

from django.core.wsgi import get_wsgi_application

from annotator.local.hold import hold_embedded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.settings")

hold_embedded()
application = get_wsgi_application()
