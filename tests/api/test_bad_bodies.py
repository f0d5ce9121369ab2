"""Whatever is sent as a body, to whatever takes one: an answer in the API's form, never a 500."""

from __future__ import annotations

import pytest

from annotator.judging import assigning
from annotator.lib.public_ids import ASSIGNMENTS
from annotator.models import Assignment, Campaign, Import, Release, Vote
from tests.api.clients import ApiClient, client_of
from tests.factories import MemberFactory, PairFactory, UserFactory

pytestmark = pytest.mark.django_db

UNPARSABLE = {
    "no JSON": b"{",
    "two values": b'{"choice": "a"} {}',
    "a comma too many": b'{"choice": "a",}',
    "single quotes": b"{'choice': 'a'}",
    "a bare word": b"choice",
    "not a number": b'{"elapsed_ms": NaN}',
    "endless": b'{"elapsed_ms": -Infinity}',
    "a number of 5,000 digits": b'{"elapsed_ms": ' + b"9" * 5000 + b"}",
    "no UTF-8": b'{"name": "\xff\xfe"}',
    "UTF-16": '{"name": "x"}'.encode("utf-16"),
    "cut in a character": b'{"name": "\xc3',
    "a bare NUL": b'{"name": "a\x00b"}',
    "only NULs": b"\x00" * 50,
    "an escaped NUL": b'{"name": "a\\u0000b"}',
    "an escaped NUL in a key": b'{"a\\u0000b": 1}',
    "half a surrogate pair": b'{"name": "\\ud800"}',
    "half a surrogate pair as a key": b'{"\\udfff": 1}',
    "half a surrogate pair deep inside": b'{"choices": {"overall": [{"x": "\\ud83d"}]}}',
    "deep lists": b"[" * 100_000,
    "deep lists that end": b"[" * 50_000 + b"]" * 50_000,
    "deep objects": b'{"a":' * 50_000,
    "HTML": b"<html></html>",
    "a form": b"choice=a&elapsed_ms=5",
}
WRONG = {
    "null": b"null",
    "true": b"true",
    "a number": b"5",
    "a text": b'"a"',
    "a list": b"[]",
    "a list of objects": b'[{"choice": "a"}]',
    "an unknown field": b'{"nonsense": 1}',
    "a field called like a method": b'{"__init__": 1, "save": 1, "pk": 1}',
    "a huge number": b'{"votes_wanted": 1e999, "elapsed_ms": 1e999, "nonsense": 1e999}',
    "an object for a text": b'{"name": {}, "slug": {}, "choice": {}, "choices": {"overall": {}}, "x": {}}',
    "a list for a text": b'{"name": [], "slug": [], "choice": [], "choices": [], "x": []}',
    "a moderately deep list": b'{"x": ' + b"[" * 200 + b"]" * 200 + b"}",
}
TYPES = {
    "none": "",
    "nonsense": "nonsense",
    "XML": "application/xml",
    "a form": "application/x-www-form-urlencoded",
    "a form with files and no boundary": "multipart/form-data",
    "a form with files and a bad boundary": "multipart/form-data; boundary=" + "x" * 300,
    "another charset": "application/json; charset=bz2",
}


@pytest.fixture
def client() -> ApiClient:
    user = UserFactory(is_staff=True)
    member = MemberFactory(user=user, role="manager", campaign__slug="campaign")
    PairFactory(campaign=member.campaign)
    assigning.refill_queue(member_id=member.pk)
    return client_of(user)


def addresses() -> dict[str, str]:
    seat = ASSIGNMENTS.show(Assignment.objects.get().pk)
    return {
        "POST /api/v1/campaigns/": "campaigns",
        "PATCH /api/v1/campaigns/campaign/": "campaign",
        "POST /api/v1/campaigns/campaign/imports/": "imports",
        "POST /api/v1/campaigns/campaign/assignments/": "assignments",
        "POST /api/v1/campaigns/campaign/releases/": "releases",
        f"POST /api/v1/assignments/{seat}/vote/": "vote",
        f"POST /api/v1/assignments/{seat}/skip/": "skip",
        f"POST /api/v1/assignments/{seat}/flag/": "flag",
        f"POST /api/v1/assignments/{seat}/undo/": "undo",
    }


def answers(
    client: ApiClient, body: bytes, content_type: str = "application/json", *, share: slice = slice(None)
) -> dict[str, tuple[int, dict]]:
    found = {}
    for route, name in [*addresses().items()][share]:
        method, path = route.split()
        response = client.generic(method, path, body, content_type=content_type)
        found[name] = (response.status_code, response.json())
    return found


def assert_nothing_happened() -> None:
    assert Campaign.objects.count() == 1
    assert not Import.objects.exists()
    assert not Release.objects.exists()
    assert not Vote.objects.exists()
    assert Assignment.objects.get().state == "open"


@pytest.mark.parametrize(("number", "body"), [*enumerate(UNPARSABLE.values())], ids=UNPARSABLE.keys())
def test_what_cannot_be_parsed_is_a_400(client, number, body):
    """One parser reads them all: each body goes to every third address, and every address has a third of the bodies."""
    for name, (status, answer) in answers(client, body, share=slice(number % 3, None, 3)).items():
        assert (status, answer["code"]) == (400, "parse_error"), name
    assert_nothing_happened()


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG.keys())
def test_what_makes_no_sense_is_a_400_that_names_the_field(client, body):
    found = answers(client, body)
    found.pop("imports")  # its lines are looked at by a worker

    for name, (status, answer) in found.items():
        if name in ("assignments", "releases", "skip", "campaign") and body in (b"{}",):
            continue
        assert (status, answer["code"]) == (400, "invalid"), (name, answer)
        assert answer["errors"], name
    Import.objects.all().delete()
    assert_nothing_happened()


@pytest.mark.parametrize("content_type", TYPES.values(), ids=TYPES.keys())
def test_what_is_of_another_kind_is_a_415_or_a_400(client, content_type):
    for name, (status, answer) in answers(client, b'{"nonsense": 1}', content_type).items():
        if name == "imports" and content_type.startswith("application/json"):
            continue
        assert status in (400, 415), (name, answer)
        assert answer.keys() <= {"code", "detail", "errors"}
    Import.objects.all().delete()
    assert_nothing_happened()


def test_what_is_too_large_is_a_413(client, settings):
    settings.API_UPLOAD_LIMIT = 1024 * 1024

    for name, (status, answer) in answers(client, b'{"name": "' + b"x" * (1024 * 1024) + b'"}').items():
        assert (status, answer["code"]) == (413, "body_too_large"), name
    assert_nothing_happened()


def test_json_to_be_imported_has_a_limit_of_its_own(client, monkeypatch):
    monkeypatch.setattr("api.parsers.JSON_LIMIT", 100)

    response = client.post("/api/v1/campaigns/campaign/imports/", b"[" + b"1," * 50 + b"1]")

    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "image/png", "nonsense/"])
def test_only_json_can_be_had(client, accept):
    response = client.get("/api/v1/campaigns/", headers={"Accept": accept})

    assert (response.status_code, response.json()["code"]) == (406, "not_acceptable")


@pytest.mark.parametrize("accept", ["*/*", "application/*", "application/json", "text/html, */*;q=0.1"])
def test_whoever_takes_json_gets_it(client, accept):
    assert client.get("/api/v1/campaigns/", headers={"Accept": accept}).status_code == 200


def test_a_byte_order_mark_does_no_harm(client):
    seat = ASSIGNMENTS.show(Assignment.objects.get().pk)

    assert client.post(f"/api/v1/assignments/{seat}/vote/", b'\xef\xbb\xbf{"choice": "a"}').status_code == 201
