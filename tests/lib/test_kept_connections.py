from __future__ import annotations

import pytest
from django.db import connection

from annotator import tasks
from annotator.judging import assigning
from tests.factories import MemberFactory, PairFactory
from tests.waiting import wait_until


def backends_of_others() -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND application_name LIKE 'diptych %%' AND state = 'idle'"
        )
        return {pid for (pid,) in cursor.fetchall()}


def end_backends(pids: set[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid, 5000) FROM unnest(%s::int[]) AS ended (pid)", [list(pids)])


@pytest.mark.worker
def test_a_worker_keeps_its_connection_and_replaces_one_that_postgres_ended(celery_worker_process):
    members = MemberFactory.create_batch(3)
    for member in members:
        PairFactory(campaign=member.campaign)

    tasks.enqueue(tasks.refill_queue, members[0].pk)
    wait_until(lambda: assigning.open_count(members[0]) == 1)
    wait_until(celery_worker_process.is_idle)
    kept = backends_of_others()
    assert kept

    tasks.enqueue(tasks.refill_queue, members[1].pk)
    wait_until(lambda: assigning.open_count(members[1]) == 1)
    wait_until(celery_worker_process.is_idle)
    assert backends_of_others() == kept

    end_backends(kept)
    tasks.enqueue(tasks.refill_queue, members[2].pk)
    wait_until(lambda: assigning.open_count(members[2]) == 1)
    wait_until(celery_worker_process.is_idle)
    assert not backends_of_others() & kept
