"""A worker keeps its database connection from task to task, as a web process does from request to request.

CELERY_DB_REUSE_MAX keeps Celery from closing it around every task, which would have PostgreSQL start a process and plan every
statement anew each time. But Celery does not look at what it keeps. Django does so for requests: what broke is replaced, what is
older than CONN_MAX_AGE is closed, and the next query looks first whether its server is still there. So does this for tasks.
"""

from __future__ import annotations

from typing import Any

from celery import Task
from celery.signals import task_postrun, task_prerun
from django.db import close_old_connections


@task_prerun.connect
def look_before_a_task(task: Task, **_: Any) -> None:
    """A task that runs where it is sent, as tests have it, is part of its caller's transaction: the connection stays."""
    if not task.request.is_eager:
        close_old_connections()


@task_postrun.connect
def look_after_a_task(task: Task, **_: Any) -> None:
    """One that broke goes at once, so that a server that shuts down need not wait for it."""
    if not task.request.is_eager:
        close_old_connections()
