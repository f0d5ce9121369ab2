"""The Celery application with a faster beat, so that a short run sees many of its rounds: `celery -A tests.faults.app …`."""

from annotator.celery import app

for entry in app.conf.beat_schedule.values():
    entry["schedule"] = min(entry["schedule"], 2.0)
