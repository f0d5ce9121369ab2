"""The queues of background tasks, one for each kind of work, so that each kind can have as many workers as it needs.

`deploy/run worker` takes tasks of all queues in turns; with WORKER_QUEUES=images, of that one. Within a queue, tasks of LOW
priority wait until there are no others.
"""

from __future__ import annotations

import redis

ASSIGN, SCORE, IMAGES, RELEASE, DELIVER = QUEUES = ("assign", "score", "images", "release", "deliver")
# Where tasks were sent before there were kinds. Workers that take all kinds also take what an update left there.
FORMER = "celery"
HIGH, LOW = 0, 9

TASKS = {
    ASSIGN: ("refill_queue", "return_expired_seats", "clear_away_departed"),
    SCORE: (
        *("score_campaigns", "score_campaign", "make_pairs", "make_pairs_of_campaign", "review_campaigns", "review_campaign"),
        *("roll_up_progress", "check_counters", "compute_statistics", "review_gold"),
    ),
    IMAGES: ("ingest_import", "ingest_batch", "resume_imports", "clear_import", "find_images_without_displays", "make_displays"),
    RELEASE: (
        *("build_release", "write_shard", "finish_release", "clear_release", "resume_releases"),
        *("publish_release", "resume_publications"),
    ),
    DELIVER: ("send_due_deliveries", "send_delivery", "send_reset_mail", "forget_what_is_over", "heartbeat"),
}
ROUTES = {f"annotator.tasks.{name}": {"queue": queue} for queue, names in TASKS.items() for name in names}


def depths(broker: redis.Redis) -> dict[str, int]:
    """How many tasks wait in each queue."""
    counts = broker.pipeline(transaction=False)
    for queue in QUEUES:
        counts.llen(queue)
        counts.llen(f"{queue}\x06\x16{LOW}")  # as kombu names the part of a queue with another priority
    high_and_low = counts.execute()
    return dict(zip(QUEUES, map(sum, zip(high_and_low[::2], high_and_low[1::2], strict=True)), strict=True))
