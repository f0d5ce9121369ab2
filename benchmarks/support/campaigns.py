"""Campaigns of any size, loaded straight into Postgres, and annotators with a past."""

from __future__ import annotations

from django.contrib.auth.hashers import make_password
from django.db import connection

from annotator.campaigns.lifecycle import create_campaign
from annotator.choices import CampaignState
from annotator.models import Assignment, Campaign, Member, Pair, User
from benchmarks.support.passwords import PASSWORD

IMAGES_PER_PROMPT = 6  # and so 15 pairs of each

_PROMPTS_SQL = """
INSERT INTO annotator_prompt (campaign_id, text, text_sha256, category, language, metadata)
SELECT %(campaign)s, text, encode(sha256(text::bytea), 'hex'), 'made', 'en', '{}'
FROM (SELECT 'A red cube on ' || i || ' blue spheres, in the light of a late afternoon' AS text
      FROM generate_series(1, %(prompts)s) i) made
"""
_IMAGES_SQL = """
INSERT INTO annotator_image (public_id, prompt_id, parameters, sha256, format, width, height, byte_size)
SELECT gen_random_uuid(), prompt.id, '{}', encode(sha256((prompt.id || '/' || k)::bytea), 'hex'), 'PNG', 1024, 1024, 1000000
FROM annotator_prompt prompt, generate_series(1, %(images)s) k WHERE prompt.campaign_id = %(campaign)s
"""
_PAIRS_SQL = """
WITH image AS (
    SELECT image.id, image.prompt_id, row_number() OVER (PARTITION BY image.prompt_id ORDER BY image.id) AS k
    FROM annotator_image image JOIN annotator_prompt prompt ON prompt.id = image.prompt_id
    WHERE prompt.campaign_id = %(campaign)s
), fresh AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('annotator_pair_seats', 'id')) AS id, a.prompt_id, a.id AS a, b.id AS b
    FROM image a JOIN image b ON b.prompt_id = a.prompt_id AND a.k < b.k LIMIT %(pairs)s
), seats AS (
    INSERT INTO annotator_pair_seats (id, campaign_id, state, votes_wanted, seats_taken, seats_a_on_left, priority, ring)
    SELECT id, %(campaign)s, 'open', %(votes)s, 0, 0, 0, (random() * 2147483646)::int FROM fresh RETURNING id
)
INSERT INTO annotator_pair (id, campaign_id, prompt_id, image_a_id, image_b_id, metadata, gold_note, created_at)
SELECT fresh.id, %(campaign)s, fresh.prompt_id, fresh.a, fresh.b, '{}', '', now() FROM seats JOIN fresh ON fresh.id = seats.id
"""
# What an annotator judged before: the next pairs of the ring after their cursor's start, as judging/assigning.py walks it.
_PAST_SQL = """
WITH chosen AS (
    SELECT pair.id, row_number() OVER (ORDER BY pair.ring) AS place, pair.ring FROM annotator_pair_seats pair
    WHERE pair.campaign_id = %(campaign)s ORDER BY pair.ring LIMIT %(votes)s
), seats AS (
    INSERT INTO annotator_assignment
        (campaign_id, member_id, pair_id, kind, state, a_on_left, created_at, lease_expires_at, closed_at)
    SELECT %(campaign)s, %(member)s, chosen.id, 'regular', 'answered', chosen.place %% 2 = 0, now(), now(),
           now() - interval '2 days'
    FROM chosen RETURNING id, pair_id, a_on_left
), votes AS (
    INSERT INTO annotator_vote (campaign_id, member_id, assignment_id, question_id, choice, elapsed_ms, created_at)
    SELECT %(campaign)s, %(member)s, seats.id, %(question)s, 'a', 2000, now() FROM seats
), cursor AS (
    INSERT INTO annotator_ringcursor (member_id, priority, ring) SELECT %(member)s, 0, max(ring) FROM chosen
)
UPDATE annotator_pair_seats pair SET seats_taken = seats_taken + 1, seats_a_on_left = seats_a_on_left + seats.a_on_left::int
FROM seats WHERE pair.id = seats.pair_id
"""


def load_campaign(n_pairs: int, *, votes_wanted: int = 100, settle: bool = True) -> Campaign:
    """An open campaign of `n_pairs`, made once for a data folder; with `settle`, which needs no transaction, ready to measure."""
    slug = f"bench-{n_pairs}"
    known = Campaign.objects.filter(slug=slug).first()
    if known is not None:
        return known
    campaign = create_campaign(
        slug=slug, name=f"{n_pairs:,} pairs", by=None, state=CampaignState.OPEN, rules={"votes_wanted": votes_wanted}
    )
    fill_campaign(campaign, n_pairs, votes_wanted=votes_wanted)
    if settle:
        settle_down()
    assert Pair.objects.filter(campaign=campaign).count() == n_pairs
    return campaign


def fill_campaign(campaign: Campaign, n_pairs: int, *, votes_wanted: int) -> None:
    """So many pairs, of images that have no files."""
    prompts = -(-n_pairs // (IMAGES_PER_PROMPT * (IMAGES_PER_PROMPT - 1) // 2))
    numbers = {
        "campaign": campaign.pk,
        "prompts": prompts,
        "images": IMAGES_PER_PROMPT,
        "pairs": n_pairs,
        "votes": votes_wanted,
    }
    with connection.cursor() as cursor:
        for statement in (_PROMPTS_SQL, _IMAGES_SQL, _PAIRS_SQL):
            cursor.execute(statement, numbers)


def make_annotators(campaign: Campaign, count: int, *, name: str) -> list[User]:
    """New members of the campaign, who have judged nothing."""
    password = make_password(PASSWORD)
    start = User.objects.count()
    users = User.objects.bulk_create(User(username=f"{name}-{start + n}", password=password) for n in range(count))
    Member.objects.bulk_create(Member(campaign=campaign, user=user) for user in users)
    return users


def give_past(campaign: Campaign, users: list[User], n_votes: int, *, settle: bool = True) -> None:
    """Let the users have judged `n_votes` pairs of the campaign, two days ago."""
    question = campaign.questions.get(position=0)
    for member in Member.objects.filter(campaign=campaign, user__in=users):
        with connection.cursor() as cursor:
            cursor.execute(_PAST_SQL, {"campaign": campaign.pk, "member": member.pk, "question": question.pk, "votes": n_votes})
        Member.objects.filter(pk=member.pk).update(answered_count=Assignment.objects.filter(member=member).count())
    if settle:
        settle_down()


def settle_down() -> None:
    """Statistics, visibility and a checkpoint, so that no measurement pays for the loading."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")
