from django.apps import AppConfig

from annotator.celery import app as celery_app
from annotator.lib.client_address import check_proxies

# Loaded with Django: so that tasks sent from anywhere reach the configured broker, and every command checks the settings.
__all__ = ["celery_app", "check_proxies"]


class AnnotatorConfig(AppConfig):
    name = "annotator"
    verbose_name = "Diptych"
