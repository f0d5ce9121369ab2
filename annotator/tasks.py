"""Celery tasks: ids in, nothing out. Each fetches, calls one function, and is safe to run twice or at the same time."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable
from datetime import timedelta
from smtplib import SMTPException
from typing import Any, TypeVar

from allauth.usersessions.models import UserSession
from celery import Task, shared_task
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from annotator import releasing
from annotator.accounts import lockout, reset_mail
from annotator.campaigns import join_limits
from annotator.choices import RULES_IN_BATCHES, UNREAD_IMPORTS, CampaignState, ImportState
from annotator.feeds import webhooks
from annotator.importing import display_copies, stage_upload
from annotator.importing import ingest_batch as import_batches
from annotator.importing import lifecycle as imports
from annotator.judging import assigning
from annotator.lib import idempotency, mail_files, queues, readiness
from annotator.lib.disk_space import disk_space
from annotator.lib.task_tracing import waited_seconds
from annotator.models import Campaign, Import, ImportBatch
from annotator.quality import gold, moderation, review
from annotator.releasing import hub_upload
from annotator.scoring import consensus_writer, counters, pair_batches, progress, settling, statistics

logger = logging.getLogger(__name__)

Work = TypeVar("Work")  # what a task takes

STALLED_AFTER = timedelta(seconds=60)  # work that nothing was heard of for this long is sent again
EXPIRY_BATCH = 1000
DISPLAYS_PERIOD = 30  # seconds, of the beat
PUBLISHING_LIMIT = 12 * 3600  # seconds
RELEASE_LIMIT = 12 * 3600  # for one step: reading a hundred million votes takes hours


def enqueue(task: Task, *arguments: Any, **options: Any) -> None:
    """Send a task once the present transaction has committed.

    A broker that cannot be reached is logged and no error for the one who asked: the tables say what there is to do, and
    the beat sends it again.
    """

    def send() -> None:
        try:
            task.apply_async(args=arguments, retry=False, **options)
        except OperationalError:
            logger.warning("Cannot reach the broker. The beat will send %s%r again.", task.name, arguments)

    transaction.on_commit(send)


def needs_room(work: Callable[[Work], None]) -> Callable[[Work], None]:
    """What writes much is not begun while the disk is full: the beat sends it again until there is room."""

    @functools.wraps(work)
    def work_if_room(id_: Work) -> None:
        if disk_space.is_full:
            logger.warning("The disk is full. %s(%s) waits.", work.__name__, id_)
        else:
            work(id_)

    return work_if_room


def run_after_answer(task: Task, *arguments: Any) -> None:
    """Have a worker run what no table asks for; where the broker cannot be reached, run it here, before the answer."""
    try:
        task.apply_async(args=arguments, retry=False)
    except OperationalError:
        logger.warning("Cannot reach the broker. %s runs in the web server.", task.name)
        task(*arguments)


@shared_task
def refill_queue(member_id: int) -> None:
    assigning.refill_queue(member_id=member_id)


@shared_task
def return_expired_seats() -> None:
    assigning.shorten_leases()
    while assigning.return_expired_seats(limit=EXPIRY_BATCH) == EXPIRY_BATCH:
        pass


@shared_task
def clear_away_departed() -> None:
    """Finish suspensions and withdrawals that were cut off between their two transactions."""
    for member_id in moderation.departed_with_seats().values_list("pk", flat=True):
        moderation.void_votes_and_release_seats(member_id=member_id)


@shared_task
@needs_room
def ingest_import(import_id: int) -> None:
    for batch_id in stage_upload.read_upload(import_id=import_id):
        enqueue(ingest_batch, batch_id)


@shared_task
@needs_room
def ingest_batch(batch_id: int) -> None:
    import_batches.ingest_batch(batch_id=batch_id)


@shared_task
def resume_imports() -> None:
    """Send what was lost with a broker or a worker: uploads nobody read, batches of imports that stand still, and what is left
    to clear away of cancelled ones."""
    quiet_since = timezone.now() - STALLED_AFTER
    for import_ in Import.objects.filter(state__in=UNREAD_IMPORTS, created_at__lt=quiet_since):
        enqueue(ingest_import, import_.pk)
    for import_ in Import.objects.filter(state=ImportState.RUNNING, created_at__lt=quiet_since).exclude(
        batches__done_at__gte=quiet_since
    ):
        for batch in ImportBatch.objects.filter(batch_of=import_, done_at__isnull=True):
            enqueue(ingest_batch, batch.pk)
    for import_id in imports.imports_with_leftovers():
        enqueue(clear_import, import_id)


@shared_task
def clear_import(import_id: int) -> None:
    imports.clear_import(import_id=import_id)


@shared_task
def find_images_without_displays() -> None:
    """Have the copies for display made that imports left for later, when there is nothing else to do. What has not begun when
    this runs again is named by it again."""
    for ids in display_copies.images_without_displays():
        enqueue(make_displays, ids, priority=queues.LOW, expires=DISPLAYS_PERIOD)


@shared_task
@needs_room
def make_displays(image_ids: list[int]) -> None:
    display_copies.make_displays_of(image_ids)


@shared_task
def score_campaigns() -> None:
    for campaign_id in consensus_writer.campaigns_to_score().values_list("pk", flat=True):
        enqueue(score_campaign, campaign_id)


@shared_task
def score_campaign(campaign_id: int) -> None:
    campaign = Campaign.objects.get(pk=campaign_id)
    is_settled = settling.settle_pairs(campaign=campaign)
    consensus_writer.score_changes(campaign=campaign)
    if is_settled and campaign.pairing_rule in RULES_IN_BATCHES:
        enqueue(make_pairs_of_campaign, campaign.pk)


@shared_task
def make_pairs() -> None:
    """Find the campaigns whose pairing rule makes further pairs of the votes that have come in."""
    for campaign in pair_batches.campaigns_to_pair():
        enqueue(make_pairs_of_campaign, campaign.pk)


@shared_task
def make_pairs_of_campaign(campaign_id: int) -> None:
    pair_batches.make_next_pairs(campaign=Campaign.objects.get(pk=campaign_id))


@shared_task
def review_campaigns() -> None:
    for campaign in review.campaigns_to_review():
        enqueue(review_campaign, campaign.pk)


@shared_task
def review_campaign(campaign_id: int) -> None:
    review.review_campaign(campaign=Campaign.objects.get(pk=campaign_id))


@shared_task
def roll_up_progress() -> None:
    for campaign in progress.campaigns_to_roll_up():
        progress.roll_up(campaign=campaign)


@shared_task
def check_counters() -> None:
    """Each time another part of the large campaigns, whoever did it last."""
    counters.check_open_campaigns(round_number=int(time.time() // counters.PERIOD))


@shared_task
def compute_statistics() -> None:
    for campaign in statistics.campaigns_to_compute():
        statistics.compute_statistics(campaign=campaign)


@shared_task(soft_time_limit=RELEASE_LIMIT, time_limit=RELEASE_LIMIT + 60)
@needs_room
def build_release(release_id: int) -> None:
    """Plan the release, and hand its shards out; the last of them to be written has it finished."""
    waiting = releasing.stage_release(release_id=release_id)
    for shard_id in waiting:
        enqueue(write_shard, shard_id)
    if not waiting:
        enqueue(finish_release, release_id)


@shared_task(soft_time_limit=RELEASE_LIMIT, time_limit=RELEASE_LIMIT + 60)
@needs_room
def write_shard(shard_id: int) -> None:
    release_id = releasing.write_shard(shard_id=shard_id)
    if release_id is not None:
        enqueue(finish_release, release_id)


@shared_task
@needs_room
def finish_release(release_id: int) -> None:
    releasing.finish_release(release_id=release_id)


@shared_task
def clear_release(release_id: int) -> None:
    releasing.clear_release(release_id=release_id)


@shared_task
def resume_releases() -> None:
    """Send releases again of which nothing was heard, and have the rest of those cleared away that are over. What is being
    built refuses a second builder by itself."""
    for release in releasing.stalled_releases(quiet_since=timezone.now() - STALLED_AFTER):
        enqueue(build_release, release.pk)
    for release in releasing.left_behind():
        enqueue(clear_release, release.pk)


@shared_task
def send_due_deliveries() -> None:
    for delivery_id in webhooks.due_deliveries():
        enqueue(send_delivery, delivery_id)


@shared_task
def send_delivery(delivery_id: int) -> None:
    webhooks.send_delivery(delivery_id=delivery_id)


@shared_task
def review_gold() -> None:
    """Put up for review the gold pairs that annotators with a good record fail."""
    for campaign in Campaign.objects.filter(state=CampaignState.OPEN):
        gold.review_gold(campaign=campaign)


@shared_task
def forget_what_is_over() -> None:
    """Ended sessions, failed log-ins that no longer count, e-mails in files, answers kept for retries, old deliveries."""
    Session.objects.filter(expire_date__lte=timezone.now()).delete()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    lockout.forget_old()
    mail_files.forget_old()
    join_limits.forget_old()
    idempotency.forget_old()
    webhooks.forget_old()


# A large release takes hours on a slow line; what was sent is not sent again, but a commit takes one run to its end.
@shared_task(soft_time_limit=PUBLISHING_LIMIT, time_limit=PUBLISHING_LIMIT + 60)
@needs_room
def publish_release(publication_id: int) -> None:
    hub_upload.publish(publication_id=publication_id)


@shared_task
def resume_publications() -> None:
    """Send publications again that are not finished. One that is under way refuses the second worker by itself."""
    for publication in hub_upload.unfinished_publications():
        enqueue(publish_release, publication.pk)


@shared_task(bind=True)
def heartbeat(self: Task) -> None:
    """Says that a worker is there, and how long it took to come to this."""
    delivery = self.request.delivery_info or {}
    readiness.note_heartbeat(queue=str(delivery.get("routing_key")), waited=waited_seconds(self) or 0.0)


# A mail server that is away for a moment, or does not know us yet, is asked again.
@shared_task(autoretry_for=(OSError, SMTPException), max_retries=5, retry_backoff=10)
def send_reset_mail(email: str, origin: dict[str, str]) -> None:
    reset_mail.send_reset_mail(email=email, origin=origin)
