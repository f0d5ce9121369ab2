"""No planner luck: what reads all votes of a campaign reads each a few times, however old the planner's statistics are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection

from annotator.feeds.vote_feed import page_of_votes, stream_of_votes
from annotator.models import Assignment, Campaign, Member, User, Vote
from annotator.quality.gold import review_gold
from annotator.quality.review import review_campaign
from annotator.releasing.stage import stage
from annotator.scoring.consensus_writer import score_campaign, score_changes
from annotator.scoring.counters import check_counters
from annotator.scoring.progress import roll_up
from annotator.scoring.settling import settle_pairs
from annotator.scoring.statistics import compute_statistics
from benchmarks.support.campaigns import fill_campaign
from tests.factories import CampaignFactory
from tests.without_statistics import forget_statistics, tuples_read

pytestmark = pytest.mark.django_db(transaction=True)

PAIRS, VOTES_A_PAIR = 500, 4
VOTES = PAIRS * VOTES_A_PAIR
PEOPLE = 25
GOLD_EVERY = 10  # pairs
OLDER = 6  # times as large as the young one, whose votes are then no news to the statistics


def judged_campaign(n_pairs: int) -> Campaign:
    """Its votes, a tenth of them on gold, came in by COPY a moment ago."""
    campaign = CampaignFactory(votes_wanted=VOTES_A_PAIR)
    fill_campaign(campaign, n_pairs, votes_wanted=VOTES_A_PAIR)
    pairs = list(campaign.pairs.order_by("pk"))
    for pair in pairs[::GOLD_EVERY]:
        pair.gold_choice = "a"
    campaign.pairs.bulk_update(pairs, ["gold_choice"])
    users = User.objects.bulk_create(User(username=f"{campaign.slug}-{number}") for number in range(PEOPLE))
    people = Member.objects.bulk_create(Member(campaign=campaign, user=user) for user in users)
    question = campaign.questions.get()
    number = Assignment.objects.count()
    seats, votes = [], []
    for place, pair in enumerate(pairs):
        for turn in range(VOTES_A_PAIR):
            number += 1
            member = people[(place * 7 + turn * 3) % PEOPLE]
            kind = "gold" if pair.gold_choice else "regular"
            choice = "ab"[(place * 5 + turn) % 3 == 0]
            seats.append((number, campaign.pk, member.pk, pair.pk, kind, "answered", "t", "now", "now", "now"))
            votes.append((campaign.pk, member.pk, number, question.pk, choice, 2000, "now"))
    copy_in(Assignment, "id campaign_id member_id pair_id kind state a_on_left created_at lease_expires_at closed_at", seats)
    campaign.pairs.filter(gold_choice__isnull=True).update(seats_taken=VOTES_A_PAIR, seats_a_on_left=VOTES_A_PAIR)
    Member.objects.filter(campaign=campaign).update(answered_count=n_pairs * VOTES_A_PAIR // PEOPLE)
    copy_in(Vote, "campaign_id member_id assignment_id question_id choice elapsed_ms created_at", votes)
    return campaign


def copy_in(model: type[Assignment | Vote], columns: str, rows: list[tuple[object, ...]]) -> None:
    with connection.cursor() as cursor:
        statement = f"COPY {model._meta.db_table} ({', '.join(columns.split())}) FROM STDIN"
        with cursor.cursor.copy(statement) as target:
            for row in rows:
                target.write_row(row)


def follow_feed(campaign: Campaign) -> None:
    position, seen = None, 0
    while True:
        page = page_of_votes(campaign=campaign, position=position, since=None, size=500)
        position, seen = page.position, seen + len(page.votes)
        if not page.has_more:
            break
    assert seen == VOTES


def stream_feed(campaign: Campaign) -> None:
    lines = b"".join(stream_of_votes(campaign=campaign, position=None, since=None).lines())
    assert lines.count(b"\n") == VOTES


READERS: dict[str, Callable[[Campaign], object]] = {
    "scoring of changes": lambda campaign: score_changes(campaign=campaign),
    "scoring of all": lambda campaign: score_campaign(campaign=campaign),
    "settling": lambda campaign: settle_pairs(campaign=campaign),
    "review": lambda campaign: review_campaign(campaign=campaign),
    "review of gold": lambda campaign: review_gold(campaign=campaign),
    "statistics": lambda campaign: compute_statistics(campaign=campaign),
    "counters": lambda campaign: check_counters(campaign=campaign),
    "roll-up": lambda campaign: roll_up(campaign=campaign),
    "feed": follow_feed,
    "stream": stream_feed,
}
# A vote comes with its seat, member, pair, prompt and two images, and each with an entry of an index. A release reads it twice,
# and counts what each annotator answered.
MOST, MOST_OF_RELEASE = 20, 32


def read_by_each(campaign: Campaign, folder: Path, forget: Callable[[], None]) -> dict[str, int]:
    """How many rows each reader reads, by name."""

    def stage_release(campaign: Campaign) -> None:
        stage(campaign, rows_folder=folder / "rows", files_folder=folder / "files", report=lambda share: None)

    found = {}
    for name, work in {**READERS, "release staging": stage_release}.items():
        forget()
        with tuples_read() as read:
            work(campaign)
        found[name] = read.tuples
    return found


def exceeding(found: dict[str, int], votes: int) -> dict[str, float]:
    """Those who read more, by name: how many rows for a vote."""
    most = {"release staging": MOST_OF_RELEASE}
    return {name: read / votes for name, read in found.items() if read > most.get(name, MOST) * votes}


def test_every_reader_reads_each_vote_a_few_times(tmp_path):
    campaign = judged_campaign(PAIRS)

    found = read_by_each(campaign, tmp_path, forget_statistics)

    assert exceeding(found, VOTES) == {}


def test_so_does_one_of_a_campaign_that_is_younger_than_the_statistics(tmp_path):
    """The planner expects one row of a campaign that it has never seen."""
    judged_campaign(OLDER * PAIRS)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    campaign = judged_campaign(PAIRS)

    found = read_by_each(campaign, tmp_path, lambda: None)

    assert exceeding(found, (1 + OLDER) * VOTES) == {}
