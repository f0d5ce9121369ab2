"""Each kind of task has its queue, and those that can wait wait for the others in it."""

from __future__ import annotations

import pytest

from annotator import tasks
from annotator.celery import app
from annotator.lib import queues


def test_every_task_of_the_project_has_a_queue_and_every_entry_a_task():
    ours = {name for name in app.tasks if name.startswith("annotator.")}

    assert set(queues.ROUTES) == ours


def test_workers_take_all_queues_unless_they_are_told_otherwise():
    assert set(queues.QUEUES) < {queue.name for queue in app.amqp.queues.consume_from.values()}


@pytest.mark.django_db
def test_what_waits_is_counted_in_each_queue_with_what_can_wait():
    app.control.purge()
    tasks.make_displays.apply_async(args=[[]], priority=queues.LOW)
    tasks.clear_import.delay(0)
    tasks.score_campaigns.delay()

    with app.connection_or_acquire() as broker:
        waiting = queues.depths(broker.default_channel.client)
        with broker.SimpleQueue(queues.IMAGES) as queue:
            first = queue.get_nowait()
            first.ack()
    app.control.purge()

    assert waiting == {"assign": 0, "score": 1, "images": 2, "release": 0, "deliver": 0}
    assert first.headers["task"] == tasks.clear_import.name
