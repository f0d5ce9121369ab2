"""Campaigns of up to ten million pairs that have been judged already, written in a few statements.

What is written is what the application would have written by itself. Triggers and foreign keys are off while it is, because they
would look at each row; nothing here could violate them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.conf import settings
from psycopg.conninfo import make_conninfo

from annotator.campaigns.lifecycle import create_campaign
from annotator.choices import CampaignState
from annotator.local.embedded_servers import Postgres
from annotator.models import Campaign, Member, Pair, ReviewRule
from annotator.quality.rules import ensure_rules
from benchmarks.support.campaigns import IMAGES_PER_PROMPT, make_annotators, settle_down

VOTES_WANTED = 100  # seats of each pair, which is as many as a campaign may have
VOTES_A_PAIR = 2  # that it has before anything is measured
VOTES_A_MEMBER = 50_000
MANY = 100_000  # pairs whose seats no series of measurements uses up

# (table, columns, the rows)
_PROMPTS = (
    "annotator_prompt",
    "campaign_id, text, text_sha256, category, language, metadata",
    """SELECT %(campaign)s, text, encode(sha256(text::bytea), 'hex'), 'made', 'en', '{}'
       FROM (SELECT 'A red cube on ' || i || ' blue spheres, in the light of a late afternoon' AS text
             FROM generate_series(1, %(prompts)s) i) made""",
)
_IMAGES = (
    "annotator_image",
    "public_id, prompt_id, parameters, sha256, format, width, height, byte_size",
    """SELECT gen_random_uuid(), prompt.id, '{}', encode(sha256((prompt.id || '/' || k)::bytea), 'hex'), 'PNG', 1024, 1024, 999999
       FROM annotator_prompt prompt, generate_series(1, %(images)s) k WHERE prompt.campaign_id = %(campaign)s""",
)
_SEATS = (
    "annotator_pair_seats",
    "id, campaign_id, state, votes_wanted, seats_taken, seats_a_on_left, priority, ring",
    """SELECT nextval(pg_get_serial_sequence('annotator_pair_seats', 'id')), %(campaign)s, 'open', %(wanted)s, %(each)s,
              %(each)s / 2, 0, (random() * 2147483646)::int
       FROM generate_series(1, %(pairs)s)""",
)
_PAIRS = (
    "annotator_pair",
    "id, campaign_id, prompt_id, image_a_id, image_b_id, metadata, gold_note, created_at",
    """WITH image AS (
           SELECT image.id, image.prompt_id, row_number() OVER (PARTITION BY image.prompt_id ORDER BY image.id) AS k
           FROM annotator_image image JOIN annotator_prompt prompt ON prompt.id = image.prompt_id
           WHERE prompt.campaign_id = %(campaign)s
       ), two AS (
           SELECT a.prompt_id, a.id AS a, b.id AS b, row_number() OVER () AS number
           FROM image a JOIN image b ON b.prompt_id = a.prompt_id AND a.k < b.k LIMIT %(pairs)s
       ), seats AS (
           SELECT id, row_number() OVER (ORDER BY id) AS number FROM annotator_pair_seats WHERE campaign_id = %(campaign)s
       )
       SELECT seats.id, %(campaign)s, two.prompt_id, two.a, two.b, '{}', '', now() FROM two JOIN seats USING (number)""",
)
# Each pair is judged by so many members, of whom each takes a stretch of the ring.
_ASSIGNMENTS = (
    "annotator_assignment",
    "campaign_id, member_id, pair_id, kind, state, a_on_left, created_at, lease_expires_at, shown_at, closed_at",
    """SELECT %(campaign)s, (%(members)s::bigint[])[1 + (turn * %(stretches)s + (place - 1) * %(stretches)s / %(pairs)s)], id,
              'regular', 'answered', turn %% 2 = 0, now() - interval '2 days', now() - interval '1 day',
              now() - interval '2 days', now() - interval '2 days'
       FROM (SELECT id, row_number() OVER (ORDER BY ring) AS place FROM annotator_pair_seats
             WHERE campaign_id = %(campaign)s) pair,
            generate_series(0, %(each)s - 1) turn""",
)
_VOTES = (
    "annotator_vote",
    "campaign_id, member_id, assignment_id, question_id, choice, elapsed_ms, created_at",
    """SELECT campaign_id, member_id, id, %(question)s, (ARRAY['a', 'b', 'both_good', 'both_bad'])[1 + id %% 4], 2000, closed_at
       FROM annotator_assignment WHERE campaign_id = %(campaign)s""",
)


def judged_campaigns(n_pairs: int, count: int) -> list[Campaign]:
    """So many open campaigns of so many pairs, most of whose seats are free. Known ones of this data folder are taken first."""
    known = Campaign.objects.filter(slug__startswith=f"votes-{n_pairs}-").order_by("pk")
    usable = [campaign for campaign in known if n_pairs >= MANY or _seats_taken(campaign) < VOTES_WANTED / 2][:count]
    made = [_make(n_pairs, f"votes-{n_pairs}-{len(known) + number}") for number in range(count - len(usable))]
    if made:
        settle_down()
    return usable + made


def _seats_taken(campaign: Campaign) -> float:
    """Of a pair, on average."""
    taken = Pair.objects.filter(campaign=campaign).values_list("seats_taken", flat=True)
    return sum(taken) / max(1, len(taken))


def _make(n_pairs: int, slug: str) -> Campaign:
    campaign = create_campaign(
        slug=slug, name=f"{n_pairs:,} pairs", by=None, state=CampaignState.OPEN, rules={"votes_wanted": VOTES_WANTED}
    )
    # Clients that answer by turns would be suspended by rule.
    ReviewRule.objects.filter(pk__in=[rule.pk for rule in ensure_rules(campaign)]).update(enabled=False)
    stretches = -(-n_pairs // VOTES_A_MEMBER)
    make_annotators(campaign, stretches * VOTES_A_PAIR, name=slug)
    numbers = {
        "campaign": campaign.pk,
        "question": campaign.questions.get(position=0).pk,
        "members": list(Member.objects.filter(campaign=campaign).values_list("pk", flat=True)),
        "stretches": stretches,
        "prompts": -(-n_pairs // (IMAGES_PER_PROMPT * (IMAGES_PER_PROMPT - 1) // 2)),
        "images": IMAGES_PER_PROMPT,
        "pairs": n_pairs,
        "wanted": VOTES_WANTED,
        "each": VOTES_A_PAIR,
    }
    with _unchecked() as sink:
        for table, columns, rows in (_PROMPTS, _IMAGES, _SEATS, _PAIRS, _ASSIGNMENTS, _VOTES):
            with _indexed_afterwards(sink, table, n_pairs):
                sink.execute(f"INSERT INTO {table} ({columns}) {rows}", numbers)
        sink.execute(
            """UPDATE annotator_member SET answered_count = (SELECT count(*) FROM annotator_assignment
                                                             WHERE member_id = annotator_member.id)
               WHERE campaign_id = %(campaign)s""",
            numbers,
        )
    return campaign


@contextmanager
def _unchecked() -> Iterator[psycopg.Connection]:
    """A connection that writes without triggers and foreign keys, and sorts in memory what fits there."""
    parameters = make_conninfo("", **Postgres(settings.DATA_DIR).connection_parameters())
    with psycopg.connect(parameters, autocommit=True) as sink:
        sink.execute("SET session_replication_role = replica")
        sink.execute("SET work_mem = '512MB'")
        yield sink


@contextmanager
def _indexed_afterwards(sink: psycopg.Connection, table: str, rows: int) -> Iterator[None]:
    """Build the table's indexes once all rows are in it, if most of its rows are yet to come: in a fifth of the time."""
    (known,) = sink.execute(f"SELECT count(*) FROM (SELECT FROM {table} LIMIT %s) known", [rows]).fetchone() or (0,)
    is_worth_it = rows >= MANY and known < rows
    if is_worth_it:
        # PostgreSQL neither fills nor reads an index that is not ready. To be rebuilt makes it ready again.
        sink.execute(
            """UPDATE pg_index SET indisready = false, indisvalid = false
               WHERE indrelid IN (SELECT relid FROM pg_partition_tree(%(table)s::regclass) UNION SELECT %(table)s::regclass)""",
            {"table": table},
        )
    yield
    if is_worth_it:
        sink.execute("SET maintenance_work_mem = '1GB'")
        sink.execute(f"REINDEX TABLE {table}")
        sink.execute(f"ANALYZE {table}")
