"""A campaign of any size with something on each of its lists, and the addresses of its pages and of what the REST API answers.

What a campaign has more of with more pairs is there in proportion: votes, their comments, consensus, gold, pairs that look alike,
flags. People are not: a person's pages are about their own answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import NamedTuple

from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotator.campaigns.guidelines import publish_guideline
from annotator.campaigns.invites import create_invite
from annotator.campaigns.lifecycle import create_campaign
from annotator.choices import CampaignState, Event, Role
from annotator.models import Campaign, Member, User, Webhook
from annotator.quality.review import review_campaign
from annotator.scoring.consensus_writer import score_campaign
from annotator.scoring.progress import roll_up
from annotator.scoring.settling import settle_pairs
from annotator.scoring.statistics import compute_statistics
from benchmarks.support.campaigns import fill_campaign

PEOPLE = 40
VOTES_A_PAIR = 3
GOLD_EVERY = 10  # pairs
TRAINING_PAIRS = 40
ALIKE_EVERY = 4
COMMENT_EVERY = 10  # votes
FLAG_EVERY = 4  # pairs
ANSWERS_OF_ONE = 60  # by the annotator whose pages are looked at
TRAINED = 20

_SEATS_SQL = """
WITH member AS (
    SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM annotator_member
    WHERE campaign_id = %(campaign)s AND role = 'annotator' AND id <> %(annotator)s
), pair AS (
    SELECT id, gold_choice, row_number() OVER (ORDER BY id) AS place FROM annotator_pair WHERE campaign_id = %(campaign)s
), seats AS (
    INSERT INTO annotator_assignment
        (campaign_id, member_id, pair_id, kind, state, a_on_left, created_at, lease_expires_at, closed_at)
    SELECT %(campaign)s, member.id, pair.id, CASE WHEN gold_choice IS NULL THEN 'regular' ELSE 'gold' END,
           CASE WHEN pair.place %% %(flag_every)s = 0 AND k = 0 THEN 'flagged' ELSE 'answered' END, pair.place %% 2 = 0,
           now() - interval '2 days', now() - interval '2 days', now() - interval '2 days'
    FROM pair, generate_series(0, %(each)s - 1) k JOIN member ON true
    WHERE member.place = (pair.place * 7 + k * 11) %% %(people)s
    RETURNING id, member_id, pair_id, state
), flags AS (
    INSERT INTO annotator_flag (campaign_id, assignment_id, reason, note, created_at)
    SELECT %(campaign)s, id, 'broken_image', '', now() FROM seats WHERE state = 'flagged'
)
INSERT INTO annotator_vote (campaign_id, member_id, assignment_id, question_id, choice, elapsed_ms, comment, created_at)
SELECT %(campaign)s, member_id, id, %(question)s, CASE WHEN pair_id %% 3 = 0 OR id %% 7 > 0 THEN 'a' ELSE 'b' END, 2000,
       CASE WHEN id %% %(comment_every)s = 0 THEN 'The hand on the left has six fingers.' ELSE '' END, now() - interval '2 days'
FROM seats WHERE state = 'answered'
"""
_COUNTERS_SQL = """
UPDATE annotator_pair_seats pair SET seats_taken = seats.taken, seats_a_on_left = seats.a_on_left
FROM (
    SELECT pair_id, count(*) AS taken, count(*) FILTER (WHERE a_on_left) AS a_on_left FROM annotator_assignment
    WHERE campaign_id = %(campaign)s AND kind = 'regular' AND state = 'answered' GROUP BY pair_id
) AS seats
WHERE pair.id = seats.pair_id
"""
_MATERIAL_SQL = """
UPDATE annotator_pair pair SET
    gold_choice = CASE WHEN place %% %(gold_every)s = 0 THEN 'a' END,
    gold_use = CASE WHEN place <= %(training_pairs)s * %(gold_every)s THEN 'training' ELSE 'check' END,
    image_distance = CASE WHEN place %% %(alike_every)s = 1 THEN 2 ELSE 30 END
FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM annotator_pair WHERE campaign_id = %(campaign)s) AS numbered
WHERE pair.id = numbered.id
"""
_TRAINING_SQL = """
WITH seats AS (
    INSERT INTO annotator_assignment
        (campaign_id, member_id, pair_id, kind, state, a_on_left, created_at, lease_expires_at, closed_at)
    SELECT %(campaign)s, member.id, pair.id, 'training', 'answered', true, now(), now(), now()
    FROM (SELECT id FROM annotator_member WHERE campaign_id = %(campaign)s AND role = 'annotator' ORDER BY id LIMIT %(trained)s)
         AS member
    CROSS JOIN (SELECT id FROM annotator_pair WHERE campaign_id = %(campaign)s AND gold_use = 'training' ORDER BY id LIMIT 5)
         AS pair
    RETURNING id, member_id
)
INSERT INTO annotator_vote (campaign_id, member_id, assignment_id, question_id, choice, elapsed_ms, created_at)
SELECT %(campaign)s, member_id, id, %(question)s, 'a', 2000, now() FROM seats
"""
# The one whose pages are looked at has judged as much in any campaign, one answer after the other, and on either side: a
# review would suspend who chooses the left image alone.
_ANSWERS_OF_ONE_SQL = """
WITH seats AS (
    INSERT INTO annotator_assignment
        (campaign_id, member_id, pair_id, kind, state, a_on_left, created_at, lease_expires_at, closed_at)
    SELECT %(campaign)s, %(annotator)s, id, 'regular', 'answered', place %% 2 = 0, now(), now(),
           now() - place * interval '5 seconds'
    FROM (
        SELECT seat.pair_id AS id, row_number() OVER (ORDER BY flag.id) AS place
        FROM annotator_flag flag JOIN annotator_assignment seat ON seat.id = flag.assignment_id
        WHERE seat.campaign_id = %(campaign)s AND seat.kind = 'regular' ORDER BY flag.id LIMIT %(answers)s
    ) AS pair
    RETURNING id, member_id
)
INSERT INTO annotator_vote (campaign_id, member_id, assignment_id, question_id, choice, elapsed_ms, created_at)
SELECT %(campaign)s, member_id, id, %(question)s, 'a', 2000, now() FROM seats
"""


@dataclass(frozen=True)
class FilledCampaign:
    campaign: Campaign
    manager: Member
    annotator: Member
    trainee: Member


def filled_campaign(n_pairs: int) -> FilledCampaign:
    """Made once for a data folder, and ready to look at but for the planner's statistics."""
    slug = f"pages-{n_pairs}"
    if not Campaign.objects.filter(slug=slug).exists():
        _fill(slug, n_pairs)
    campaign = Campaign.objects.get(slug=slug)
    manager = campaign.members.select_related("user").get(role=Role.MANAGER)
    annotator, trainee = (
        campaign.members.select_related("user").get(user__username=f"{slug}-{name}") for name in ("annotator", "trainee")
    )
    return FilledCampaign(campaign, manager, annotator, trainee)


def _fill(slug: str, n_pairs: int) -> None:
    boss = User.objects.create(username=f"{slug}-boss", is_superuser=True, is_staff=True)
    rules = {"votes_wanted": VOTES_A_PAIR, "votes_max": VOTES_A_PAIR, "training_pairs": 5}
    campaign = create_campaign(slug=slug, name=slug, by=boss, state=CampaignState.OPEN, rules=rules)
    publish_guideline(campaign=campaign, text="Look closely.", change_note="", by=boss)
    create_invite(campaign=campaign, by=boss, note="Students")
    Webhook.objects.create(
        campaign=campaign, url="https://hooks.example/diptych", events=[Event.RELEASE_READY], encrypted_secret="-"
    )
    fill_campaign(campaign, n_pairs, votes_wanted=VOTES_A_PAIR)
    users = User.objects.bulk_create(User(username=f"{slug}-{number}") for number in range(PEOPLE))
    Member.objects.bulk_create(Member(campaign=campaign, user=user) for user in users)
    annotator = Member.objects.create(
        campaign=campaign,
        user=User.objects.create(username=f"{slug}-annotator"),
        guideline_accepted=campaign.guideline,
        guideline_accepted_at=timezone.now(),
        training_passed_at=timezone.now() - timedelta(days=1),
        answered_count=ANSWERS_OF_ONE,
    )
    Member.objects.create(
        campaign=campaign,
        user=User.objects.create(username=f"{slug}-trainee"),
        guideline_accepted=campaign.guideline,
        guideline_accepted_at=timezone.now(),
    )
    numbers = {
        "campaign": campaign.pk,
        "annotator": annotator.pk,
        "question": campaign.questions.get(position=0).pk,
        "people": PEOPLE,
        "each": VOTES_A_PAIR,
        "gold_every": GOLD_EVERY,
        "training_pairs": TRAINING_PAIRS,
        "alike_every": ALIKE_EVERY,
        "comment_every": COMMENT_EVERY,
        "flag_every": FLAG_EVERY,
        "trained": TRAINED,
        "answers": ANSWERS_OF_ONE,
    }
    with connection.cursor() as cursor:
        for statement in (_MATERIAL_SQL, _SEATS_SQL, _TRAINING_SQL, _ANSWERS_OF_ONE_SQL, _COUNTERS_SQL):
            cursor.execute(statement, numbers)
    settle_pairs(campaign=campaign)
    score_campaign(campaign=campaign)
    roll_up(campaign=campaign)


def compute_documents(filled: FilledCampaign) -> None:
    """What tasks compute of committed votes, and pages show."""
    review_campaign(campaign=filled.campaign)
    compute_statistics(campaign=filled.campaign)


OF_MANAGERS = (
    *("campaign_page", "campaign_progress", "campaign_settings", "questions", "comments", "edit_guideline", "edit_consent"),
    *("invites", "crowd", "members", "trainees", "pairs", "proposed_gold", "review", "review_rules", "moderation_log"),
    *("statistics", "plan", "group_question", "imports", "releases", "webhooks", "hub_account"),
)
# Some that an index serves, some that most pairs pass, and some that hardly any does.
FILTERS = (
    *("gold=check", "gold=training", "gold=review", "state=held", "state=settled", "state=retired", "label=tie", "label=b"),
    *("sort=-number", "sort=confidence", "sort=-confidence", "sort=alike", "flagged=on", "alike=on", "words=nowhere"),
    *("words=red", "category=nowhere", "label=a&flagged=on", "confidence_min=1", "agreement_max=0", "seconds_min=9000"),
)
OF_ANNOTATORS = ("annotate", "guideline", "history")
OF_PROGRAMS = (
    *("campaign", "imports", "pairs", "prompts", "votes", "statistics", "leaderboard", "review_rules", "moderation_actions"),
    *("webhooks", "releases"),
)
ADMIN_LISTS = ("pair", "prompt", "image", "assignment", "vote", "consensus", "member", "campaign", "flag")


def addresses(filled: FilledCampaign) -> dict[str, tuple[User, str]]:
    """By name: who opens it, and where it is."""
    slug, boss, judge = filled.campaign.slug, filled.manager.user, filled.annotator.user
    pair = filled.campaign.pairs.latest("pk").pk
    found = {name: (boss, reverse(name, args=[slug])) for name in OF_MANAGERS}
    pairs = found["pairs"][1]
    found |= {f"pairs, {query}": (boss, f"{pairs}?{query}") for query in FILTERS}
    found["pairs, of one"] = (boss, f"{pairs}?annotator={filled.annotator.user.username}")
    found["pairs, the last"] = (boss, f"{pairs}?after={filled.campaign.pk}_{pair - 5}")
    found["pair_page, in a list"] = (boss, reverse("pair_page", args=[slug, pair]) + f"?gold=check&at={pair}")
    found["pair_page"] = (boss, reverse("pair_page", args=[slug, pair]))
    queue = reverse("queue", args=[slug])
    found |= {f"queue, {kind}": (boss, f"{queue}?kind={kind}") for kind in ("flag", "gold", "undecided", "alike", "appeal")}
    found["member_page"] = (boss, reverse("member_page", args=[slug, filled.annotator.pk]))
    found["member_suspension"] = (boss, reverse("member_suspension", args=[slug, filled.annotator.pk]))
    found["webhook_page"] = (boss, reverse("webhook_page", args=[slug, filled.campaign.webhooks.get().pk]))
    found["invite_page"] = (boss, reverse("invite_page", args=[slug, filled.campaign.invites.get().pk]))
    found["campaigns, of a manager"] = (boss, reverse("campaigns"))
    found |= {name: (judge, reverse(name, args=[slug])) for name in OF_ANNOTATORS}
    found["training"] = (filled.trainee.user, reverse("training", args=[slug]))
    found["campaigns"] = (judge, reverse("campaigns"))
    found |= {f"api: {name}": (boss, reverse(f"api:{name}", args=[slug])) for name in OF_PROGRAMS}
    found["api: campaigns"] = (boss, reverse("api:campaigns"))
    found["api: votes, the latest"] = (boss, found["api: votes"][1] + "?since=" + _a_moment_ago())
    found |= {f"admin: {name}": (boss, reverse(f"admin:annotator_{name}_changelist")) for name in ADMIN_LISTS}
    return found


def _a_moment_ago() -> str:
    return (timezone.now() - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


def logged_in(user: User) -> Client:
    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    return client


class Read(NamedTuple):
    """Of tables and indexes, by the database, for one page."""

    tuples: int
    buffers: int  # pages of 8 kB, from memory or disk


def look_at(client: Client, address: str) -> Read:
    """Open a page, and say what was read for it. Raises RuntimeError where it is no page."""
    with transaction.atomic():  # whose counts are to be had at once
        before = _read()
        status = client.get(address, follow=True).status_code
        after = _read()
    if status != HTTPStatus.OK:
        raise RuntimeError(f"{address} answers {status}")
    return Read(after.tuples - before.tuples, after.buffers - before.buffers)


def _read() -> Read:
    with connection.cursor() as cursor:
        cursor.execute(_READ_SQL)
        return Read(*map(int, cursor.fetchone()))


_READ_SQL = """
SELECT sum(pg_stat_get_xact_tuples_returned(oid) + CASE WHEN relkind = 'r' THEN pg_stat_get_xact_tuples_fetched(oid) ELSE 0 END),
       sum(pg_stat_get_xact_blocks_fetched(oid))
FROM pg_class WHERE relkind IN ('r', 'i') AND relnamespace = current_schema()::regnamespace
"""
