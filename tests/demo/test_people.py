"""The simulated annotators: how well they judge, what they write down, and that they work the real pages."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from pathlib import Path

import httpx
import pytest

from annotator.campaigns import lifecycle, members
from annotator.choices import Choice
from annotator.demo.album import Album, draw_album
from annotator.demo.people import AVERAGE, CAREFUL, HASTY, PEOPLE, RANDOM, Crowd, Diary, Misbehaviour, Person, Visit
from annotator.demo.scenes import Picture, plan_pictures, true_choice
from annotator.demo.support import GUIDELINE, pass_time
from annotator.importing.ingest_batch import ingest_batch
from annotator.importing.lifecycle import create_import
from annotator.importing.stage_upload import stage_file
from annotator.lib.public_ids import ASSIGNMENTS
from annotator.models import Assignment, Campaign, User, Vote

PASSWORD = "correct horse battery"


def pairs_of_pictures(prompts: int) -> list[tuple[Picture, Picture]]:
    pictures = plan_pictures(0, prompts)
    return [(one, two) for one, two in combinations(pictures, 2) if one.number == two.number]


def right_answer(left: Picture, right: Picture) -> str:
    choice = true_choice(left.error, right.error)
    return {Choice.A: "left", Choice.B: "right"}.get(choice, choice.value)


# --- judging


def test_people_of_better_kinds_find_the_truth_more_often():
    pairs = pairs_of_pictures(100)
    shares = []
    for kind in (CAREFUL, AVERAGE, HASTY, RANDOM):
        person = Person("somebody", kind)
        shares.append(sum(person.judge(*pair) == right_answer(*pair) for pair in pairs) / len(pairs))

    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0.9
    assert 0.15 < shares[-1] < 0.35


def test_the_one_who_always_says_left_does():
    lena = next(person for person in PEOPLE if person.kind.name == "always-left")

    assert {lena.judge(*pair) for pair in pairs_of_pictures(10)} == {"left"}


def test_the_same_person_answers_the_same_pair_alike_on_either_side():
    swap = {"left": "right", "right": "left"}
    for left, right in pairs_of_pictures(20):
        person = Person("somebody", CAREFUL)
        answer = person.judge(left, right)
        if answer == right_answer(left, right):
            assert person.judge(right, left) == swap.get(answer, answer)


def test_some_pairs_are_skipped_and_few():
    pairs = pairs_of_pictures(100)
    skips = sum(person.wants_to_skip(pair) for person in PEOPLE for pair in pairs)

    assert 0.01 < skips / (len(PEOPLE) * len(pairs)) < 0.06


# --- the diary


def test_the_diary_of_a_killed_run_is_read_up_to_its_last_whole_line(tmp_path):
    diary = Diary(tmp_path / "votes.jsonl")
    diary.write("sent", 1, who="ada", choice="a", better="x.jpg", elapsed_ms=1000)
    diary.write("acknowledged", 1)
    diary.write("skipped", 2, who="ben")
    with (tmp_path / "votes.jsonl").open("a") as file:
        file.write('\n{"event": "sent", "assign')

    again = Diary(tmp_path / "votes.jsonl")
    again.write("sent", 3, who="ada", choice="b", better="", elapsed_ms=900)

    for found in (again, Diary(tmp_path / "votes.jsonl")):
        assert (set(found.sent), found.acknowledged, found.skipped) == ({1, 3}, {1}, {2})
        assert found.sent[1]["choice"] == "a"


# --- the site, over HTTP


@pytest.fixture(scope="module")
def album_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("album") / "scenes.zip"
    draw_album(path, 0, 2, on_drawn=lambda: None)
    return path


@pytest.fixture
def campaign(album_file: Path) -> Campaign:
    campaign = lifecycle.create_campaign(
        slug="scenes",
        name="Scenes",
        by=None,
        state="open",
        rules={"votes_wanted": 2, "pairing_rule": "ring"},
        guideline=GUIDELINE,
    )
    import_ = create_import(campaign=campaign, file_name="scenes.zip", by=None)
    stage_file(import_=import_, path=album_file, root=None)
    for batch in import_.batches.all():
        ingest_batch(batch_id=batch.pk)
    return campaign


@pytest.fixture
def visit(live_server, campaign, album_file, tmp_path):
    album, diary = Album([album_file]), Diary(tmp_path / "votes.jsonl")

    def visit(person: Person, *, password: str = PASSWORD) -> Visit:
        user = User.objects.create_user(person.name, password=PASSWORD)
        members.add_member(campaign=campaign, user=user)
        return Visit(
            person=person,
            url=f"{live_server.url}/",
            campaign="scenes",
            password=password,
            album=album,
            diary=diary,
            pass_time=pass_time,
        )

    return visit


@pytest.mark.django_db(transaction=True)
def test_they_judge_all_pairs_and_what_they_meant_is_what_the_database_holds(visit, campaign):
    """One with htmx and one without JavaScript; every pair needs both of them."""
    heard: list[int] = []
    for person in (Person("ada", CAREFUL), Person("ben", HASTY, has_javascript=False)):
        somebody = visit(person)
        Crowd([somebody]).run(lambda: heard.append(1))
    diary, album = somebody.diary, somebody.album

    votes = Vote.objects.select_related("assignment__member__user", "assignment__pair__image_a", "assignment__pair__image_b")
    assert len(heard) == len(votes) == len(diary.acknowledged) > 0
    for vote in votes:
        seat, entry = vote.assignment, diary.sent[ASSIGNMENTS.show(vote.assignment_id)]
        pictures = {
            "a": album.by_sha256[seat.pair.image_a.sha256],
            "b": album.by_sha256[seat.pair.image_b.sha256],
        }
        assert (seat.member.user.username, vote.choice, vote.elapsed_ms) == (entry["who"], entry["choice"], entry["elapsed_ms"])
        assert entry["better"] == (pictures[vote.choice].file_name if vote.choice in pictures else "")
    skipped = Assignment.objects.filter(state="skipped").values_list("pk", flat=True)
    assert set(map(ASSIGNMENTS.show, skipped)) == diary.skipped
    assert Counter(Assignment.objects.values_list("pair", flat=True)) == dict.fromkeys(
        campaign.pairs.values_list("pk", flat=True), 2
    )


@pytest.mark.django_db(transaction=True)
def test_somebody_with_the_wrong_password_is_told_apart_from_a_broken_site(visit):
    crowd = Crowd([visit(Person("ada", CAREFUL), password="wrong")])

    with pytest.raises(Misbehaviour, match="ada cannot log in"):
        crowd.run(lambda: None)


@pytest.mark.parametrize(
    "answer",
    [
        {"text": "<p>by careful-2</p>"},
        {"content": b"\xff\xd8Exif dreamy-0.5"},
        {"headers": {"Content-Disposition": "inline; filename=hasty-turbo.jpg"}},
        {"status_code": 500},
    ],
)
def test_they_notice_a_generator_named_anywhere_and_every_error(answer, album_file, tmp_path):
    visit = Visit(
        person=Person("ada", CAREFUL),
        url="http://127.0.0.1:9/",
        campaign="scenes",
        password="",
        album=Album([album_file]),
        diary=Diary(tmp_path / "votes.jsonl"),
    )
    response = httpx.Response(**({"status_code": 200} | answer), request=httpx.Request("GET", "http://127.0.0.1:9/c/scenes/"))

    with pytest.raises(Misbehaviour, match="/c/scenes/"):
        visit.check(response)
