from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from annotator import tasks
from annotator.choices import AssignmentState, ReleaseState
from annotator.judging import assigning
from annotator.models import Assignment, Consensus, Pair
from annotator.releasing.lifecycle import create_release
from annotator.scoring.settling import settle_pairs
from tests.celery_worker import ROOT, database_url
from tests.factories import CampaignFactory, MemberFactory, PairFactory, VoteFactory
from tests.importing.imported import add_images
from tests.judges import judge_all
from tests.released import vote_all
from tests.waiting import wait_until


@pytest.mark.worker
def test_a_worker_fills_the_queue_of_a_member(celery_worker_process):
    member = MemberFactory()
    PairFactory.create_batch(assigning.QUEUE_TARGET + 2, campaign=member.campaign)

    tasks.enqueue(tasks.refill_queue, member.pk)

    wait_until(lambda: assigning.open_count(member) == assigning.QUEUE_TARGET)


@pytest.mark.worker
def test_nothing_is_sent_before_the_commit_nor_after_a_rollback(celery_worker_process):
    gone, kept = MemberFactory.create_batch(2, campaign=CampaignFactory())
    PairFactory.create_batch(2, campaign=gone.campaign)

    with transaction.atomic():
        tasks.enqueue(tasks.refill_queue, gone.pk)
        transaction.set_rollback(True)
    with transaction.atomic():
        tasks.enqueue(tasks.refill_queue, kept.pk)
        assert celery_worker_process.is_idle()

    wait_until(lambda: assigning.open_count(kept) == 2)
    assert assigning.open_count(gone) == 0


@pytest.mark.worker
def test_a_worker_settles_pairs_and_makes_the_next_ones(celery_worker_process):
    campaign = CampaignFactory(votes_wanted=1, pairing_rule="swiss", pairs_per_image=3)
    add_images(campaign, *range(8))
    judge_all(MemberFactory(campaign=campaign))

    tasks.enqueue(tasks.score_campaigns)
    wait_until(lambda: Pair.objects.count() == 12)

    judge_all(MemberFactory(campaign=campaign))
    tasks.enqueue(tasks.score_campaigns)
    wait_until(lambda: Pair.objects.filter(state="settled").count() == 12)
    tasks.enqueue(tasks.make_pairs)
    wait_until(celery_worker_process.is_idle)
    assert Pair.objects.count() == 12


@pytest.mark.worker
def test_a_worker_finds_what_scoring_did_not_send(celery_worker_process):
    campaign = CampaignFactory(votes_wanted=1, pairing_rule="information_gain", pairs_per_image=3)
    add_images(campaign, *range(8))
    judge_all(MemberFactory(campaign=campaign))
    settle_pairs(campaign=campaign)

    tasks.enqueue(tasks.make_pairs)

    wait_until(lambda: Pair.objects.count() == 12)


@pytest.mark.worker
def test_a_worker_takes_expired_seats_back(celery_worker_process):
    member = MemberFactory()
    pairs = PairFactory.create_batch(3, campaign=member.campaign)
    assigning.refill_queue(member_id=member.pk, now=timezone.now() - timedelta(days=1))

    tasks.enqueue(tasks.return_expired_seats)

    wait_until(lambda: Assignment.objects.filter(state=AssignmentState.EXPIRED).count() == len(pairs))
    assert not Pair.objects.filter(seats_taken__gt=0).exists()


@pytest.mark.worker
def test_a_worker_scores_every_campaign_that_has_votes_to_score(celery_worker_process):
    VoteFactory.create_batch(2)
    VoteFactory(assignment__member__campaign__state="draft")

    tasks.enqueue(tasks.score_campaigns)

    wait_until(lambda: Consensus.objects.count() == 2)


@pytest.mark.django_db(transaction=True)
def test_a_release_waits_while_the_disk_is_full_and_is_built_once_there_is_room(settings, few_charts):
    vote_all(pair := PairFactory(), "aab")
    release = create_release(campaign=pair.campaign, by=None)
    settings.DISK_RESERVE_BYTES = 10**18
    tasks.build_release(release.pk)
    release.refresh_from_db()
    assert release.state == ReleaseState.QUEUED

    settings.DISK_RESERVE_BYTES = 0
    tasks.build_release(release.pk)
    release.refresh_from_db()
    assert release.state == ReleaseState.BUILDING


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_down_is_no_error_for_the_one_who_asks():
    member = MemberFactory()
    PairFactory.create_batch(2, campaign=member.campaign)
    code = f"""
import time; import django; django.setup()
from annotator.judging import assigning; from annotator import tasks
from annotator.models import Member
member = Member.objects.get(pk={member.pk})
start = time.monotonic()
tasks.enqueue(tasks.refill_queue, member.pk)
print("at once" if time.monotonic() - start < 1 else "after a wait")
print(len(assigning.next_assignments(member=member, count=2)))
tasks.run_after_answer(tasks.clear_away_departed)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "annotator.settings",
            "DATABASE_URL": database_url(),
            "REDIS_URL": "redis://127.0.0.1:1/0",  # nothing listens there
            "SECRET_KEY": "only-for-tests",
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.splitlines() == ["at once", "2"], done.stderr
    assert "Cannot reach the broker. The beat will send" in done.stderr
    assert "Cannot reach the broker. annotator.tasks.clear_away_departed runs in the web server." in done.stderr


@pytest.mark.django_db(transaction=True)
def test_a_wiped_cache_costs_nobody_their_log_in(client):
    member = MemberFactory()
    client.force_login(member.user)
    assert client.get("/").status_code == 200

    cache.clear()

    assert client.get("/").status_code == 200
