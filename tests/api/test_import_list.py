from __future__ import annotations

import json
from io import BytesIO
from zipfile import ZipFile

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import MULTIPART_CONTENT

from annotator.models import Import
from tests.api.clients import assert_error, browser_of, client_of, sent_tasks
from tests.factories import ImportFactory, MemberFactory

pytestmark = pytest.mark.django_db

LINES = b'{"prompt": "a red cube", "image_a": "a.png", "image_b": "b.png"}\n{"prompt": "two cats"}\n'


def address(campaign) -> str:
    return f"/api/v1/campaigns/{campaign.slug}/imports/"


def manager(role: str = "manager"):
    member = MemberFactory(role=role)
    return member.campaign, client_of(member.user, "import")


def send(client, campaign, *, name="pairs.jsonl", data=LINES, **fields):
    form = {"file": SimpleUploadedFile(name, data), **fields}
    return client.post(address(campaign), form, content_type=MULTIPART_CONTENT)


def stored(import_: Import) -> bytes:
    with default_storage.open(import_.stored_name) as file:
        return file.read()


def test_a_file_is_stored_and_left_to_a_worker():
    campaign, client = manager()

    with sent_tasks() as tasks:
        response = send(client, campaign)

    import_ = Import.objects.get()
    assert response.status_code == 202, response.content
    assert response["Location"] == f"http://testserver{address(campaign)}{import_.pk}/"
    body = response.json()
    assert body.pop("created_at").endswith("Z")
    assert body == {
        "id": import_.pk,
        "file_name": "pairs.jsonl",
        "map": {},
        "state": "queued",
        "error": "",
        "attempts": 0,
        "lines_total": 0,
        "lines_done": 0,
        "lines_failed": 0,
        "pairs_added": 0,
        "pairs_known": 0,
        "finished_at": None,
        "undone_at": None,
        "line_errors": [],
        "line_errors_next": None,
    }
    assert (import_.campaign, import_.created_by.tokens.count()) == (campaign, 1)
    assert import_.stored_name.startswith("uploads/")
    assert stored(import_) == LINES
    assert tasks == [("ingest_import", [import_.pk])]
    assert client.get(response["Location"]).json()["id"] == import_.pk


def test_a_file_larger_than_memory_limits_is_stored_whole():
    campaign, client = manager()
    data = LINES * 40_000  # above FILE_UPLOAD_MAX_MEMORY_SIZE, so that it arrives in a temporary file

    assert send(client, campaign, data=data).status_code == 202
    assert stored(Import.objects.get()) == data


@pytest.mark.parametrize("content_type", ["application/jsonl", "application/x-ndjson", "text/plain", "text/plain; charset=utf-8"])
def test_a_body_of_json_lines_is_stored_as_it_came(content_type):
    campaign, client = manager()

    with sent_tasks() as tasks:
        response = client.post(address(campaign), LINES, content_type=content_type)

    assert response.status_code == 202, response.content
    assert response.json()["file_name"] == "request.jsonl"
    import_ = Import.objects.get()
    assert stored(import_) == LINES
    assert tasks == [("ingest_import", [import_.pk])]


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ({"prompt": "a cät", "image_a": "a.png"}, [{"prompt": "a cät", "image_a": "a.png"}]),
        ([{"prompt": "one"}, {"prompt": "two"}], [{"prompt": "one"}, {"prompt": "two"}]),
        ([5, "x"], [5, "x"]),  # wrong lines are reported as such, with their numbers
    ],
)
def test_a_json_body_becomes_lines(body, lines):
    campaign, client = manager()

    assert client.post(address(campaign), body).status_code == 202
    assert [json.loads(line) for line in stored(Import.objects.get()).splitlines()] == lines


def test_a_browser_may_send_a_file_too():
    member = MemberFactory(role="manager")

    assert send(browser_of(member.user), member.campaign).status_code == 202


def test_a_browser_without_the_csrf_token_may_not():
    member = MemberFactory(role="manager")

    assert_error(send(browser_of(member.user, enforce_csrf_checks=True), member.campaign), 403, "permission_denied")
    assert not Import.objects.exists()


@pytest.mark.parametrize(
    "given",
    [
        ['{"image_a": "image_dev", "prompt": "caption"}'],
        ["image_a=image_dev", "prompt=caption"],
    ],
)
def test_columns_can_be_renamed(given):
    campaign, client = manager()

    response = send(client, campaign, map=given)

    assert response.status_code == 202, response.content
    assert response.json()["map"] == {"image_a": "image_dev", "prompt": "caption"}
    assert Import.objects.get().column_map == {"image_a": "image_dev", "prompt": "caption"}


def test_columns_of_json_lines_can_be_renamed_in_the_address():
    campaign, client = manager()

    response = client.post(f"{address(campaign)}?map=prompt=caption", LINES, content_type="application/jsonl")

    assert response.json()["map"] == {"prompt": "caption"}


@pytest.mark.parametrize(
    "given",
    [
        "image_a",
        "=x",
        "image_a=",
        "{",
        '{"image_a": 5}',
        '{"image_a": "\\u0000"}',
        '{"image_a": "\\ud800"}',
        "image_a=\x00",
        "[" * 3000,
        '{"a":' * 3000,
        "our_column=theirs",
        "",
    ],
)
def test_it_refuses_a_map_that_is_none(given):
    campaign, client = manager()

    assert_error(send(client, campaign, map=given), 400, "invalid", "map")
    assert not Import.objects.exists()


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..\\x.jsonl", "a\nb.jsonl", "é" * 300 + ".jsonl"])
def test_a_name_is_only_shown(name, storage_folder):
    campaign, client = manager()

    assert send(client, campaign, name=name).status_code == 202

    import_ = Import.objects.get()
    assert import_.file_name.isprintable()
    assert len(import_.file_name) <= 255
    assert [path.relative_to(storage_folder).parts[0] for path in storage_folder.rglob("*") if path.is_file()] == ["uploads"]


def test_a_zip_is_stored_as_it_came():
    campaign, client = manager()
    data = BytesIO()
    with ZipFile(data, "w") as archive:
        archive.writestr("pairs.jsonl", LINES)

    assert send(client, campaign, name="pairs.zip", data=data.getvalue()).status_code == 202
    assert stored(Import.objects.get()) == data.getvalue()


def test_it_refuses_a_form_without_a_file():
    campaign, client = manager()

    assert_error(client.post(address(campaign), {"map": "{}"}, content_type=MULTIPART_CONTENT), 400, "invalid", "file")


def test_it_refuses_an_empty_file():
    campaign, client = manager()

    assert_error(send(client, campaign, data=b""), 400, "invalid", "file")


def test_it_refuses_fields_it_does_not_know():
    campaign, client = manager()

    assert_error(send(client, campaign, create="yes"), 400, "invalid", "create")


def test_it_refuses_two_files():
    campaign, client = manager()
    form = {"file": [SimpleUploadedFile("a.jsonl", LINES), SimpleUploadedFile("b.jsonl", LINES)]}

    assert_error(client.post(address(campaign), form, content_type=MULTIPART_CONTENT), 400, "invalid", "file")


@pytest.mark.parametrize("body", [b"", b"{}", b"[]"])
def test_it_refuses_a_body_without_lines(body):
    campaign, client = manager()

    assert_error(client.post(address(campaign), body), 400, "invalid", "non_field_errors")


def test_it_refuses_a_body_that_ends_before_its_length():
    campaign, client = manager()

    response = client.generic(
        "POST",
        address(campaign),
        **{"CONTENT_TYPE": "application/jsonl", "CONTENT_LENGTH": str(len(LINES) + 1), "wsgi.input": BytesIO(LINES)},
    )

    assert_error(response, 400, "parse_error")
    assert not Import.objects.exists()


def test_it_refuses_a_body_without_a_length():
    campaign, client = manager()

    response = client.generic(
        "POST", address(campaign), LINES, content_type="application/jsonl", CONTENT_LENGTH="", HTTP_TRANSFER_ENCODING="chunked"
    )

    assert_error(response, 411, "length_required")


def test_it_refuses_more_than_the_limit(settings):
    campaign, client = manager()
    settings.API_UPLOAD_LIMIT = len(LINES)

    assert client.post(address(campaign), LINES, content_type="application/jsonl").status_code == 202
    assert_error(client.post(address(campaign), LINES + b" ", content_type="application/jsonl"), 413, "body_too_large")
    assert_error(send(client, campaign), 413, "body_too_large")


def test_it_refuses_a_form_of_another_kind():
    campaign, client = manager()

    response = client.post(address(campaign), "a=b", content_type="application/x-www-form-urlencoded")

    assert_error(response, 415, "unsupported_media_type")


def test_it_lists_imports_newest_first():
    campaign, client = manager()
    first, second = ImportFactory.create_batch(2, campaign=campaign)
    ImportFactory()

    body = client.get(address(campaign)).json()

    assert body.keys() == {"next", "previous", "results"}
    assert [import_["id"] for import_ in body["results"]] == [second.pk, first.pk]
    assert "line_errors" not in body["results"][0]


@pytest.mark.parametrize("number", [3, 30])
def test_it_asks_the_database_as_often_for_many_as_for_few(number, django_assert_num_queries):
    campaign, client = manager()
    ImportFactory.create_batch(number, campaign=campaign)
    client.get(address(campaign))

    with django_assert_num_queries(3):  # token, membership, imports
        assert len(client.get(address(campaign)).json()["results"]) == number
