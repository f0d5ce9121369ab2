"""The Celery application and the beat table: every periodic job is visible here."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, celeryd_init, worker_before_create_process
from django_structlog.celery.steps import DjangoStructLogInitStep
from kombu import Queue

from annotator.lib import kept_connections, queues, task_tracing  # noqa: F401 - the signals of the first and the last
from annotator.lib.preload import freeze
from annotator.lib.readiness import HEARTBEAT_PERIOD
from annotator.local.hold import hold_embedded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.settings")
# Of Django's checks a worker would show nothing, and run they load every page: a quarter of the time that a new worker takes.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

app = Celery("annotator")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["annotator"])
app.conf.task_queues = [Queue(name) for name in (*queues.QUEUES, queues.FORMER)]
app.conf.task_routes = queues.ROUTES
app.steps["worker"].add(DjangoStructLogInitStep)  # binds the ids that a task brings with it

# Seconds. Each job finds its work in the tables, so a beat that was missed loses nothing.
app.conf.beat_schedule = {
    "return expired seats": {"task": "annotator.tasks.return_expired_seats", "schedule": 10.0},
    "clear away departed": {"task": "annotator.tasks.clear_away_departed", "schedule": 60.0},
    "score campaigns": {"task": "annotator.tasks.score_campaigns", "schedule": 15.0},
    # Scoring sends it at once where pairs were settled; this finds what was lost, and campaigns whose rules were changed.
    "make pairs": {"task": "annotator.tasks.make_pairs", "schedule": 60.0, "options": {"expires": 60}},
    "review campaigns": {"task": "annotator.tasks.review_campaigns", "schedule": 30.0},
    "roll up progress": {"task": "annotator.tasks.roll_up_progress", "schedule": 5.0},
    "check counters": {"task": "annotator.tasks.check_counters", "schedule": 300.0, "options": {"expires": 300}},
    # Found to be due at most once a minute, and less often where they take long. One that comes late would find nothing to do.
    "compute statistics": {"task": "annotator.tasks.compute_statistics", "schedule": 20.0, "options": {"expires": 20}},
    "review gold": {"task": "annotator.tasks.review_gold", "schedule": 60.0},
    "resume imports": {"task": "annotator.tasks.resume_imports", "schedule": 60.0},
    "make displays": {"task": "annotator.tasks.find_images_without_displays", "schedule": 30.0, "options": {"expires": 30}},
    "resume releases": {"task": "annotator.tasks.resume_releases", "schedule": 60.0},
    # Expires, so that they do not pile up where no worker is: the next one finds as much.
    "send due deliveries": {"task": "annotator.tasks.send_due_deliveries", "schedule": 5.0, "options": {"expires": 60}},
    "forget what is over": {"task": "annotator.tasks.forget_what_is_over", "schedule": 3600.0},
    "resume publications": {"task": "annotator.tasks.resume_publications", "schedule": 60.0},
} | {
    # One in each queue. Expires, so that a worker that comes back late does not find thousands of them.
    f"heartbeat of {queue}": {
        "task": "annotator.tasks.heartbeat",
        "schedule": HEARTBEAT_PERIOD,
        "options": {"expires": 120, "queue": queue},
    }
    for queue in queues.QUEUES
}


@celeryd_init.connect
@beat_init.connect
def hold_embedded_servers(**_: Any) -> None:
    hold_embedded()


@worker_before_create_process.connect
def share_memory(**_: Any) -> None:
    freeze()
