"""Following a campaign's votes, on committed data: what is under way elsewhere is what it is about."""

from __future__ import annotations

import io
import json
import threading
from datetime import timedelta

import psycopg
import pyarrow as pa
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotator.feeds import vote_feed
from annotator.feeds.vote_feed import renumber_votes
from annotator.judging.undo import undo_act
from annotator.lib import arrow
from annotator.models import Assignment, ServerEpoch, Vote
from annotator.quality import moderation
from annotator.releasing.dataset.configs import VOTES
from tests.api.clients import ApiClient, assert_error, client_of
from tests.factories import AssignmentFactory, CampaignFactory, GuidelineFactory, MemberFactory, QuestionFactory, VoteFactory

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "/api/v1/campaigns/birds/votes/"
NDJSON, ARROW = "application/x-ndjson", "application/vnd.apache.arrow.stream"
FEED_COLUMNS = [column.name for column in VOTES.columns if column.name != "is_first"]  # that depends on other votes


@pytest.fixture
def campaign():
    return CampaignFactory(slug="birds")


@pytest.fixture
def reviewer(campaign) -> ApiClient:
    return client_of(MemberFactory(campaign=campaign, role="reviewer").user, "export")


def cast(campaign, count: int = 1) -> list[Vote]:
    member = MemberFactory(campaign=campaign, answered_count=count)
    return [
        VoteFactory(assignment__member=member, assignment__pair__seats_taken=1, assignment__pair__seats_a_on_left=1)
        for _ in range(count)
    ]


def ids(body: dict) -> list[int]:
    return [vote["vote_id"] for vote in body["results"]]


def follow(client: ApiClient, cursor: str = "", **parameters) -> tuple[list[dict], str]:
    """Every vote after the cursor, page by page, and the cursor to go on from."""
    address, votes = ADDRESS, []
    query = {"cursor": cursor, **parameters}
    while address:
        response = client.get(address, query)
        assert response.status_code == 200, response.content
        body = response.json()
        votes += body["results"]
        address, query = body["next"], {}
        cursor = response["Diptych-Cursor"]
    return votes, cursor


def streamed(client: ApiClient, kind: str, **parameters) -> tuple[bytes, str]:
    response = client.get(ADDRESS, parameters, headers={"Accept": kind})
    assert (response.status_code, response["Content-Type"]) == (200, kind)
    return response.getvalue(), response["Diptych-Cursor"]


def test_a_vote_has_the_columns_of_the_votes_config(campaign, reviewer):
    guideline = GuidelineFactory(campaign=campaign, version=4)
    keys = {"pair__external_id": "row-17", "pair__metadata": {"run": 4}}
    seat = AssignmentFactory(member__campaign=campaign, state="answered", guideline=guideline, a_on_left=False, **keys)
    vote = VoteFactory(
        assignment=seat, choice="both_good", elapsed_ms=1200, conditions={"prompt": "folded", "left": [9, 5]}, comment="Odd."
    )

    body = reviewer.get(ADDRESS).json()

    assert (body["next"], body["previous"]) == (None, None)
    assert list(body["results"][0]) == FEED_COLUMNS
    assert body["results"] == [
        {
            "vote_id": vote.pk,
            "pair_id": seat.pair_id,
            "question": "overall",
            "annotator_id": seat.member.public_id,
            "choice": "both_good",
            "a_on_left": False,
            "kind": "regular",
            "elapsed_ms": 1200,
            "conditions": {"prompt": "folded", "left": [9, 5]},
            "guideline_version": 4,
            "created_at": vote.created_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "void_reason": None,
            "external_id": "row-17",
            "metadata": {"run": 4},
            "comment": "Odd.",
        }
    ]


def test_pages_hold_every_vote_once_in_both_directions(campaign, reviewer):
    votes = [vote.pk for vote in cast(campaign, 7)]

    first = reviewer.get(ADDRESS, {"page_size": 3}).json()
    second = reviewer.get(first["next"]).json()
    third = reviewer.get(second["next"]).json()

    assert ids(first) + ids(second) + ids(third) == votes
    assert third["next"] is None
    assert first["previous"] is None
    assert ids(reviewer.get(third["previous"]).json()) == ids(second)
    back = reviewer.get(second["previous"]).json()
    assert (ids(back), back["previous"]) == (ids(first), None)
    assert ids(reviewer.get(back["next"]).json()) == ids(second)


def test_several_questions_and_no_other_campaign(campaign, reviewer):
    second = QuestionFactory(campaign=campaign, slug="prompt", position=1)
    (vote,) = cast(campaign)
    other = VoteFactory(assignment=vote.assignment, question=second, choice="b")
    cast(CampaignFactory())

    votes, _ = follow(reviewer, page_size=1)

    assert [(row["vote_id"], row["question"]) for row in votes] == [(vote.pk, "overall"), (other.pk, "prompt")]


def test_only_what_is_new_comes_after_a_cursor(campaign, reviewer):
    cast(campaign, 3)
    _, cursor = follow(reviewer)
    assert follow(reviewer, cursor) == ([], cursor)

    (fresh,) = cast(campaign)

    votes, later = follow(reviewer, cursor)
    assert [row["vote_id"] for row in votes] == [fresh.pk]
    assert follow(reviewer, later) == ([], later)


def test_a_vote_whose_transaction_commits_late_is_not_skipped(campaign, reviewer):
    """The one with the lower id commits last, on a connection of its own."""
    (known,) = cast(campaign)
    slow, quick = (AssignmentFactory(member__campaign=campaign, state="answered") for _ in range(2))
    question = campaign.questions.get()
    info = connection.connection.info
    with psycopg.connect(**info.get_parameters(), password=info.password or None) as other:
        (late,) = other.execute(
            "INSERT INTO annotator_vote (campaign_id, member_id, assignment_id, question_id, choice, created_at)"
            " VALUES (%s, %s, %s, %s, 'a', now()) RETURNING id",
            [campaign.pk, slow.member_id, slow.pk, question.pk],
        ).fetchone()
        early = VoteFactory(assignment=quick)
        assert late < early.pk

        votes, cursor = follow(reviewer)
        assert [row["vote_id"] for row in votes] == [known.pk]  # neither: `early` may not come before `late`
        stream, streamed_up_to = streamed(reviewer, NDJSON)
        assert [json.loads(line)["vote_id"] for line in stream.splitlines()] == [known.pk]
        other.commit()

    assert [row["vote_id"] for row in follow(reviewer, cursor)[0]] == [late, early.pk]
    assert [row["vote_id"] for row in follow(reviewer, streamed_up_to)[0]] == [late, early.pk]


def test_nothing_is_skipped_or_repeated_while_several_vote(campaign, reviewer):
    question = campaign.questions.get()
    seats = [[AssignmentFactory(member__campaign=campaign, state="answered") for _ in range(40)] for _ in range(3)]
    parameters, password = connection.connection.info.get_parameters(), connection.connection.info.password

    def vote(mine: list[Assignment], at_once: int) -> None:
        with psycopg.connect(**parameters, password=password or None) as own:
            for start in range(0, len(mine), at_once):
                with own.transaction():
                    for seat in mine[start : start + at_once]:
                        own.execute(
                            "INSERT INTO annotator_vote (campaign_id, member_id, assignment_id, question_id, choice, created_at)"
                            " VALUES (%s, %s, %s, %s, 'b', now())",
                            [campaign.pk, seat.member_id, seat.pk, question.pk],
                        )

    threads = [threading.Thread(target=vote, args=(mine, at_once)) for mine, at_once in zip(seats, (1, 3, 8), strict=True)]
    for thread in threads:
        thread.start()
    seen, cursor = [], ""
    while any(thread.is_alive() for thread in threads):
        votes, cursor = follow(reviewer, cursor, page_size=7)
        seen += votes
    for thread in threads:
        thread.join()
    seen += follow(reviewer, cursor)[0]

    assert sorted(row["vote_id"] for row in seen) == sorted(Vote.objects.values_list("pk", flat=True))
    assert len(seen) == 120


def test_a_vote_that_is_voided_comes_once_more_and_so_does_one_that_is_restored(campaign, reviewer):
    first, second = cast(campaign, 2)
    _, cursor = follow(reviewer)

    moderation.suspend_member(member=first.assignment.member, by=None)
    votes, cursor = follow(reviewer, cursor)
    assert [(row["vote_id"], row["void_reason"]) for row in votes] == [(first.pk, "suspended"), (second.pk, "suspended")]

    moderation.lift_suspension(member=first.assignment.member, by=None)
    votes, cursor = follow(reviewer, cursor)
    assert [(row["vote_id"], row["void_reason"]) for row in votes] == [(first.pk, None), (second.pk, None)]


def test_an_undone_vote_comes_with_its_reason(campaign, reviewer):
    (vote,) = cast(campaign)
    _, cursor = follow(reviewer)

    undo_act(assignment_id=vote.assignment_id, by=vote.assignment.member.user)

    assert [row["void_reason"] for row in follow(reviewer, cursor)[0]] == ["undone"]


def test_of_somebody_who_withdrew_only_that_there_was_a_vote(campaign, reviewer):
    (vote,) = cast(campaign)
    _, cursor = follow(reviewer)
    moderation.withdraw_member(member=vote.assignment.member, by=None)

    (row,) = follow(reviewer, cursor)[0]

    assert (row["vote_id"], row["void_reason"]) == (vote.pk, "withdrawn")
    assert (row["annotator_id"], row["choice"], row["elapsed_ms"], row["a_on_left"]) == (
        vote.assignment.member.public_id,
        None,
        None,
        None,
    )
    lines, _ = streamed(reviewer, NDJSON)
    assert json.loads(lines) == row


def test_what_was_undone_comes_once_more_when_its_annotator_withdraws(campaign, reviewer):
    (vote,) = cast(campaign)
    undo_act(assignment_id=vote.assignment_id, by=vote.assignment.member.user)
    _, cursor = follow(reviewer)

    moderation.withdraw_member(member=vote.assignment.member, by=None)

    assert [(row["choice"], row["void_reason"]) for row in follow(reviewer, cursor)[0]] == [(None, "withdrawn")]


def test_since_leaves_out_what_was_cast_and_voided_before(campaign, reviewer):
    now = timezone.now()
    member = MemberFactory(campaign=campaign)
    old, voided, new = (
        VoteFactory(assignment=AssignmentFactory(member=member, state="answered"), created_at=now - age)
        for age in (timedelta(days=3), timedelta(days=3), timedelta(hours=1))
    )
    Vote.objects.filter(pk=voided.pk).update(void_reason="undone", voided_at=now)

    since = (now - timedelta(days=1)).isoformat()

    assert [row["vote_id"] for row in follow(reviewer, since=since)[0]] == [new.pk, voided.pk]
    lines, _ = streamed(reviewer, NDJSON, since=since)
    assert len(lines.splitlines()) == 2
    assert old.pk not in {json.loads(line)["vote_id"] for line in lines.splitlines()}


def test_a_stream_holds_what_the_pages_hold(campaign, reviewer):
    cast(campaign, 5)
    rows, cursor = follow(reviewer)

    lines, after_lines = streamed(reviewer, NDJSON)
    arrow, after_arrow = streamed(reviewer, ARROW)

    assert [json.loads(line) for line in lines.splitlines()] == rows
    table = pa.ipc.open_stream(io.BytesIO(arrow)).read_all()
    assert table.schema == vote_feed.SCHEMA
    assert table.column_names == FEED_COLUMNS
    assert table["vote_id"].to_pylist() == [row["vote_id"] for row in rows]
    assert table["choice"].to_pylist() == [row["choice"] for row in rows]
    assert [moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ") for moment in table["created_at"].to_pylist()] == [
        row["created_at"] for row in rows
    ]
    (fresh,) = cast(campaign)
    for place in (cursor, after_lines, after_arrow):
        assert [row["vote_id"] for row in follow(reviewer, place)[0]] == [fresh.pk]
        assert json.loads(streamed(reviewer, NDJSON, cursor=place)[0])["vote_id"] == fresh.pk


def test_a_campaign_without_votes_has_empty_pages_and_streams(reviewer):
    assert follow(reviewer)[0] == []
    assert streamed(reviewer, NDJSON)[0] == b""
    assert pa.ipc.open_stream(io.BytesIO(streamed(reviewer, ARROW)[0])).read_all().num_rows == 0


def test_a_vote_may_come_after_the_cursor_of_an_empty_page(campaign, reviewer):
    _, cursor = follow(reviewer)
    (vote,) = cast(campaign)

    assert [row["vote_id"] for row in follow(reviewer, cursor)[0]] == [vote.pk]


def test_a_stream_is_read_from_the_database_in_batches(campaign, reviewer, monkeypatch):
    monkeypatch.setattr(arrow, "BATCH_BYTES", "20000")
    member = MemberFactory(campaign=campaign)
    pair = AssignmentFactory(member=member).pair
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "WITH seat AS (INSERT INTO annotator_assignment (campaign_id, member_id, pair_id, kind, state, a_on_left, created_at,"
            " lease_expires_at, closed_at) SELECT %s, %s, %s, 'training', 'answered', true, now(), now(), now()"
            " FROM generate_series(1, 2000) RETURNING campaign_id, member_id, id) INSERT INTO annotator_vote (campaign_id,"
            " member_id, assignment_id, question_id, choice, created_at)"
            " SELECT campaign_id, member_id, id, %s, 'a', now() FROM seat",
            [campaign.pk, member.pk, pair.pk, campaign.questions.get().pk],
        )

    parts = list(reviewer.get(ADDRESS, headers={"Accept": NDJSON}))

    assert len(parts) > 5
    assert len(b"".join(parts).splitlines()) == 2000


def test_a_page_costs_the_same_queries_whatever_it_holds(campaign):
    reviewer = client_of(MemberFactory(campaign=campaign, role="reviewer").user, "export")
    cast(campaign, 2)
    reviewer.get(ADDRESS)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            reviewer.get(ADDRESS)
        return len(captured)

    few = queries()
    cast(campaign, 30)
    assert queries() == few <= 6


def test_a_restored_database_refuses_old_cursors_and_shows_all_votes(campaign, reviewer):
    """As after a restore on another server: the numbers in the votes are of the old one, and may be far ahead."""
    votes = cast(campaign, 3)
    _, cursor = follow(reviewer)
    ServerEpoch.objects.update(server="elsewhere/00000001")
    with connection.cursor() as sql:
        sql.execute("ALTER TABLE annotator_vote DISABLE TRIGGER USER")
        sql.execute("UPDATE annotator_vote SET changed_in = '9000000000'")
        sql.execute("ALTER TABLE annotator_vote ENABLE TRIGGER USER")
    (after,) = cast(campaign)

    assert_error(reviewer.get(ADDRESS), 409, "votes_not_renumbered")
    renumber_votes()
    assert_error(reviewer.get(ADDRESS, {"cursor": cursor}), 409, "cursor_expired")
    found, later = follow(reviewer)

    assert sorted(row["vote_id"] for row in found) == sorted([*(vote.pk for vote in votes), after.pk])
    (fresh,) = cast(campaign)
    assert [row["vote_id"] for row in follow(reviewer, later)[0]] == [fresh.pk]


@pytest.mark.parametrize(
    "parameters",
    [
        {"cursor": "nonsense"},
        {"cursor": "a-1-1-0123"},
        {"cursor": f"a-{2**64}-1-0123456789abcdef"},
        {"cursor": f"a-1-{2**63}-0123456789abcdef"},
        {"cursor": "\x00"},
        {"since": "yesterday"},
        {"since": "2026-02-30T00:00:00Z"},
        {"since": "9999-12-31T23:59:59-10:00"},
        {"page_size": "0"},
        {"page_size": "1001"},
    ],
)
@pytest.mark.parametrize("kind", ["application/json", NDJSON, ARROW])
def test_it_says_what_is_wrong_with_a_parameter(reviewer, parameters, kind):
    response = reviewer.get(ADDRESS, parameters, headers={"Accept": kind})

    assert_error(response, 400, "invalid", *parameters)
    assert response["Content-Type"] == "application/json"


def test_a_stream_does_not_go_back(campaign, reviewer):
    cast(campaign, 3)
    back = reviewer.get(reviewer.get(ADDRESS, {"page_size": 2}).json()["next"]).json()["previous"]

    assert_error(reviewer.get(back, headers={"Accept": NDJSON}), 400, "invalid", "cursor")


def test_another_form_cannot_be_had(reviewer):
    assert_error(reviewer.get(ADDRESS, headers={"Accept": "text/csv"}), 406, "not_acceptable")


def test_errors_are_json_whatever_was_asked_for(campaign):
    annotator = client_of(MemberFactory(campaign=campaign).user, "export")

    assert_error(annotator.get(ADDRESS, headers={"Accept": ARROW}), 403, "not_a_reviewer")
