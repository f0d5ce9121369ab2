"""The Celery application with a faster beat, so that a short run sees many of its rounds: `celery -A tests.faults.app …`.

What goes over all votes each time is not made to do nothing else.
"""

import os
import select
import time

from annotator.celery import app

if "FAKETIME_TIMESTAMP_FILE" in os.environ:  # whose clock_nanosleep fails once the clock was set back
    time.sleep = lambda seconds: select.select([], [], [], max(float(seconds), 0.0)) and None

GOES_OVER_ALL = {"annotator.tasks.compute_statistics", "annotator.tasks.review_campaigns"}

for entry in app.conf.beat_schedule.values():
    if entry["task"] not in GOES_OVER_ALL:
        entry["schedule"] = 60.0 if entry["schedule"] > 60.0 else min(entry["schedule"], 2.0)
