"""Whatever reaches an annotator tells neither which pair is gold or of the audit share, nor who made an image, nor what its file
was called.

Four pairs come in through an import with everything that could betray them: generators, seeds, external ids, file names,
categories, and metadata in the files themselves. One is gold, one comes as a repeat, and one is of the audit share, which gets
the most votes. Everything that is sent for one is held against everything that is sent for the others.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import scipy
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image as Picture
from PIL.PngImagePlugin import PngInfo

from annotator.choices import AssignmentKind
from annotator.importing.ingest_batch import ingest_batch
from annotator.importing.lifecycle import create_import
from annotator.importing.stage_upload import stage_file
from annotator.judging import assigning
from annotator.lib.public_ids import ASSIGNMENTS
from annotator.models import Assignment, Campaign, Member, Pair
from annotator.scoring.progress import roll_up
from tests.api.clients import client_of
from tests.factories import AssignmentFactory, CampaignFactory, MemberFactory, PairFactory
from tests.observables import make_member, take_turns, tells, what_tells
from tests.pictures import picture

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
SECRETS = (
    "Painter-XL",
    "dreamy",
    "secret-id",
    "portfolio",
    "Adobe",
    "471147114711",
    "hush",
    "workflow",
    "gold",
    "audit",
    "Because",
)
VOLATILE = {"x-request-id", "content-length", "etag", "set-cookie", "expires", "date"}


@pytest.fixture
def member(tmp_path: Path) -> Member:
    member = MemberFactory(campaign__votes_wanted=2, campaign__votes_max=5, user__username="ana")
    lines = []
    for number, more in enumerate(({}, {"gold_choice": "a", "gold_note": "Because hush."}, {}, {})):
        names = [f"portfolio-Painter-XL-{number}.png", f"portfolio-dreamy-{number}.jpg"]
        for name in names:
            write_telling_file(tmp_path / name, number)
        lines.append(
            {
                "prompt": f"Prompt {number}",
                "image_a": names[0],
                "image_b": names[1],
                "generator_a": "Painter-XL",
                "generator_b": "dreamy",
                "external_id": f"secret-id-{number}",
                "category": "hush",
                "metadata": {"seed": 471147114711},
                **more,
            }
        )
    file = tmp_path / "pairs.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    import_ = create_import(campaign=member.campaign, file_name=file.name, by=None)
    stage_file(import_=import_, path=file, root=tmp_path)
    for batch in import_.batches.all():
        ingest_batch(batch_id=batch.pk)
    Pair.objects.update(is_audit=False)  # whatever was drawn
    Pair.objects.filter(external_id="secret-id-2").update(is_audit=True)
    roll_up(campaign=member.campaign)
    return member


def write_telling_file(path: Path, number: int) -> None:
    image = picture(number * 7 + len(path.name), size=(64, 64))
    if path.suffix == ".png":
        info = PngInfo()
        info.add_text("parameters", "Painter-XL, seed 471147114711")
        info.add_itxt("workflow", json.dumps({"model": "Painter-XL"}))
        image.save(path, pnginfo=info)
        return
    exif = Picture.Exif()
    exif[0x0131], exif[0x010E] = "dreamy 0.5, Adobe", "gold"
    image.save(path, exif=exif, comment=b"by dreamy")


@pytest.fixture
def seats(member: Member) -> dict[str, Assignment]:
    """An assignment on each pair, of the kinds that they are handed out as."""
    again = Pair.objects.get(external_id="secret-id-3")
    long_ago = timezone.now() - timedelta(days=3)
    AssignmentFactory(member=member, pair=again, state="answered", closed_at=long_ago)
    taken = {seat.pair.is_audit: seat for seat in assigning.next_assignments(member=member, count=2)}
    regular, audit = taken[False], taken[True]
    repeat = AssignmentFactory(member=member, pair=again, kind=AssignmentKind.REPEAT)
    gold = AssignmentFactory(member=member, pair=Pair.objects.get(gold_choice__isnull=False), kind=AssignmentKind.GOLD)
    seats = {"regular": regular, "audit": audit, "gold": gold, "repeat": repeat}
    Assignment.objects.filter(member=member).update(
        a_on_left=regular.a_on_left, shown_at=regular.shown_at, lease_expires_at=regular.lease_expires_at
    )
    Pair.objects.filter(seats_taken=1).update(seats_a_on_left=int(regular.a_on_left))
    for seat in seats.values():
        seat.refresh_from_db()
    assert len({seat.pair_id for seat in seats.values()}) == 4
    return seats


def only(seats: dict[str, Assignment], kind: str) -> Assignment:
    """The assignment of that kind, alone in the queue."""
    seat = seats[kind]
    others = [other.pk for other in seats.values() if other != seat]
    Assignment.objects.filter(pk__in=others).update(state="skipped", closed_at=seat.lease_expires_at)
    Assignment.objects.filter(pk=seat.pk).update(state="open", closed_at=None)
    return seat


def plain(response: Any, seat: Assignment) -> tuple[int, dict[str, str], str]:
    """Status, headers and body without what names this one assignment."""
    body = response.content.decode()
    body = re.sub(r'(csrfmiddlewaretoken"\s+value="|X-CSRFToken": ")\w+', r"\1", body)
    body = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "IMAGE", body)
    numbers = r'(/assignments/|data-assignment="|data-undo="|class="queue-state"\s+value="|"(?:id|vote_id|pair_id)": ?)\d+'
    body = re.sub(numbers, r"\1NUMBER", body)
    body = re.sub(r'(data-lease="|"(?:expires_at|created_at)": ?")[\w:.+-]*', r"\1TIME", body)
    body = body.replace(seat.pair.prompt.text, "PROMPT")
    headers = {name: value for name, value in response.headers.items() if name.lower() not in VOLATILE}
    return response.status_code, headers, body


def everything_said(response: Any) -> bytes:
    headers = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return headers.encode() + body


def assert_tells_nothing(response: Any, campaign: Campaign) -> bytes:
    said = everything_said(response)
    images = [image for pair in campaign.pairs.all() for image in (pair.image_a, pair.image_b)]
    for secret in (*SECRETS, *(image.sha256 for image in images)):
        assert secret.lower().encode() not in said.lower(), secret
    return said


PAGES = {
    "page": lambda browser, seat, slug: browser.get(reverse("annotate", args=[slug])),
    "piece": lambda browser, seat, slug: browser.get(reverse("annotate", args=[slug]), headers=HTMX),
    "vote": lambda browser, seat, slug: browser.post(reverse("vote", args=[seat.pk]), {"choice": "a"}, headers=HTMX),
    "undo": lambda browser, seat, slug: [
        browser.post(reverse("vote", args=[seat.pk]), {"choice": "a"}),
        browser.post(reverse("undo", args=[seat.pk]), headers=HTMX),
    ][1],
    "skip": lambda browser, seat, slug: browser.post(reverse("skip", args=[seat.pk]), headers=HTMX),
    "flag": lambda browser, seat, slug: browser.post(reverse("flag", args=[seat.pk]), {"reason": "unsafe"}, headers=HTMX),
    "error": lambda browser, seat, slug: browser.post(reverse("vote", args=[seat.pk]), {"choice": "c"}, headers=HTMX),
}


def answers(member: Member, seats: dict[str, Assignment], act: Any) -> dict[str, tuple[Any, Assignment]]:
    """The answer to the same act for either kind, each from the same state of things."""
    found = {}
    for kind in seats:
        seat = only(seats, kind)
        Member.objects.filter(pk=member.pk).update(answered_count=0)
        found[kind] = act(seat), seat
    return found


@pytest.mark.parametrize("name", PAGES)
def test_pages_and_pieces_are_the_same_for_every_pair(client: Client, member, seats, name):
    client.force_login(member.user)
    found = answers(member, seats, lambda seat: PAGES[name](client, seat, member.campaign.slug))

    for response, _ in found.values():
        assert_tells_nothing(response, member.campaign)
    regular = plain(*found["regular"])
    for kind in ("gold", "repeat", "audit"):
        assert plain(*found[kind]) == regular, kind


@pytest.mark.parametrize("verb", ["assignments", "vote", "skip", "undo"])
def test_json_is_the_same_for_every_pair(member, seats, verb):
    api = client_of(member.user, "annotate")

    def act(seat: Assignment) -> Any:
        if verb == "assignments":
            return api.post(f"/api/v1/campaigns/{member.campaign.slug}/assignments/")
        address = f"/api/v1/assignments/{ASSIGNMENTS.show(seat.pk)}/"
        if verb == "undo":
            api.post(f"{address}vote/", {"choice": "a"})
        return api.post(f"{address}{verb}/", {"choice": "a"} if verb == "vote" else None)

    found = answers(member, seats, act)

    for response, _ in found.values():
        assert_tells_nothing(response, member.campaign)
    regular = plain(*found["regular"])
    for kind in ("gold", "repeat", "audit"):
        assert plain(*found[kind]) == regular, kind


@pytest.mark.parametrize("copy", ["640", "1280", "full"])
def test_image_bytes_carry_nothing_but_the_image(client: Client, member, seats, copy):
    client.force_login(member.user)
    headers = {}
    for kind, seat in seats.items():
        for slot in "ab":
            image = getattr(seat.pair, f"image_{slot}")
            response = client.get(reverse("image", args=[image.public_id, 640]).replace("/640/", f"/{copy}/"))
            assert response.status_code == 200
            data = assert_tells_nothing(response, member.campaign)
            for mark in (b"Exif", b"tEXt", b"iTXt", b"zTXt", b"eXIf", b"XMP", b"ICCP", b"tIME", b"http://"):
                assert copy == "full" or mark not in data, mark
            kept = {name: value for name, value in response.headers.items() if name.lower() not in VOLATILE}
            headers[kind, slot] = sorted(kept.items())
    # The full copies keep the encoding of their files; the copies that are judged by are all made alike.
    of_kind = [sorted([headers[kind, "a"], headers[kind, "b"]]) for kind in seats]
    assert of_kind == [of_kind[0]] * len(seats)
    assert copy == "full" or headers["regular", "a"] == headers["regular", "b"]


def test_an_annotator_is_not_told_how_many_pairs_are_of_the_audit_share(member):
    campaign = client_of(member.user).get(f"/api/v1/campaigns/{member.campaign.slug}/")
    assert campaign.status_code == 200
    assert b"audit" not in campaign.content


def test_pairs_of_the_audit_share_come_in_the_order_of_all(member):
    """By their place on the ring alone: no sooner, no later and to no one else than the others."""
    pairs = Pair.objects.filter(gold_choice__isnull=True)
    PairFactory.create_batch(20, campaign=member.campaign, votes_wanted=2)
    for number, pair in enumerate(pairs):
        Pair.objects.filter(pk=pair.pk).update(is_audit=number % 2 == 0)
    order = [seat.pair_id for seat in assigning.next_assignments(member=member, count=10)]
    around = list(pairs.order_by("ring").values_list("pk", flat=True))
    start = around.index(order[0])
    assert order == (around[start:] + around[:start])[:10]


def test_the_two_images_of_a_card_differ_in_nothing_but_their_address(client: Client, member, seats):
    client.force_login(member.user)
    html = client.get(reverse("annotate", args=[member.campaign.slug])).content.decode()

    left, right = re.findall(r'<div class="box" data-slot="[ab]">(<img .*?>)', html)[:2]
    same = [re.sub(r"[0-9a-f-]{36}", "IMAGE", tag).replace("Right", "Left") for tag in (left, right)]
    assert same[0] == same[1]


# --- many pairs: what is no difference of one answer may be one of their distributions


def test_nothing_that_can_be_observed_tells_gold_and_repeats_from_the_others():
    member = make_member(70)
    api = client_of(member.user, "annotate")

    def ask(path: str, body: dict[str, Any] | None) -> tuple[int, bytes]:
        response = api.post(path, body)
        return response.status_code, response.content

    seen = take_turns(member, 70, ask)

    assert min(Counter(row.kind for row in seen).values()) >= 3
    assert {row.statuses for row in seen} == {(200, 201)}
    assert what_tells(seen) == []


def test_the_test_finds_a_difference_that_is_there():
    assert tells([3.0 + number / 100 for number in range(20)], [1.0 + number / 30 for number in range(40)])
    assert tells([7] * 20, [8] * 40)


def test_gold_may_be_at_any_place_of_a_queue():
    campaign = CampaignFactory(gold_rate=0.4, repeat_rate=0)
    PairFactory.create_batch(12, campaign=campaign, gold_choice="a", votes_wanted=1)
    PairFactory.create_batch(30, campaign=campaign, votes_wanted=40)
    places: Counter[int] = Counter()
    for member in MemberFactory.create_batch(30, campaign=campaign):
        assigning.refill_queue(member_id=member.pk)
        kinds = member.assignments.order_by("pk").values_list("kind", flat=True)
        places.update(place for place, kind in enumerate(kinds) if kind == AssignmentKind.GOLD)
    assert scipy.stats.chisquare([places[place] for place in range(assigning.QUEUE_TARGET)]).pvalue > 1e-6
