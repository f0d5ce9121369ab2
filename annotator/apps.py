from django.apps import AppConfig

from annotator.celery import app as celery_app

__all__ = ["celery_app"]  # loaded with Django, so that tasks sent from anywhere reach the configured broker


class AnnotatorConfig(AppConfig):
    name = "annotator"
    verbose_name = "Diptych"
