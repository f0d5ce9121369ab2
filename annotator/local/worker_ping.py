"""Whether a worker is there to do background work."""

from __future__ import annotations

from celery import current_app
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

PING_SECONDS = 1.0


def worker_answers() -> bool:
    """Ask the broker for any worker. Takes PING_SECONDS where there is none."""
    try:
        return bool(current_app.control.ping(timeout=PING_SECONDS, limit=1))
    except (OperationalError, RedisError, OSError):  # no broker, so no worker either
        return False
