"""The entry point of the web server."""

import logging
import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import resolve
from django.utils.module_loading import import_string

from annotator.lib.asgi_adapter import AsgiAdapter
from annotator.lib.client_address import check_proxies
from annotator.lib.even_connections import EvenConnections
from annotator.local.hold import hold_embedded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.settings")

hold_embedded()
wsgi_application = get_wsgi_application()

resolve("/healthz")  # loads all views: now, so that the processes that are forked from this one share them
application = AsgiAdapter(
    wsgi_application,
    # By name, because they need Django set up.
    shortcuts=[import_string(f"{room}.fast_path.answer_fast") for room in ("annotator.views", "api")],
    threads=settings.WEB_THREADS,
    uploads=settings.UPLOADS_AT_ONCE,
    patience=settings.SLOW_CLIENT_SECONDS,
    long_bodies=settings.LONG_BODIES,
    even=EvenConnections(settings.DATA_DIR / "web-processes"),
)

for problem in check_proxies():
    logging.getLogger(__name__).warning("%s %s", problem.msg, problem.hint)
