"""The Celery application with a faster beat, so that a short run sees many of its rounds: `celery -A tests.faults.app …`.

What goes over all votes each time is not made to do nothing else.
"""

import os
import select
import sys
import time

from annotator.celery import app

if "FAKETIME_TIMESTAMP_FILE" in os.environ:  # whose clock_nanosleep fails once the clock was set back

    def sleep(seconds: float) -> None:
        select.select([], [], [], max(float(seconds), 0.0))

    for module in list(sys.modules.values()):  # kombu has taken it from `time` long ago, and its workers ended of it
        if vars(module).get("sleep") is time.sleep and module is not time:
            vars(module)["sleep"] = sleep
    time.sleep = sleep

GOES_OVER_ALL = {"annotator.tasks.compute_statistics", "annotator.tasks.review_campaigns"}

for entry in app.conf.beat_schedule.values():
    if entry["task"] not in GOES_OVER_ALL:
        entry["schedule"] = 60.0 if entry["schedule"] > 60.0 else min(entry["schedule"], 2.0)
