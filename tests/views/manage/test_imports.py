"""The pages of a campaign's imports."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from annotator.choices import ImportState, Role
from annotator.models import Campaign, Import, LineError, Member, Pair
from annotator.views.manage import imports
from tests.api.clients import sent_tasks
from tests.factories import ImportFactory, MemberFactory, PairFactory, VoteFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(client: Client) -> Member:
    manager = MemberFactory(role=Role.MANAGER)
    client.force_login(manager.user)
    return manager


@pytest.fixture
def campaign(manager: Member) -> Campaign:
    return manager.campaign


def address(name: str, campaign: Campaign, *more: object) -> str:
    return reverse(name, args=[campaign.slug, *more])


def test_two_uploads_of_one_name_are_two_files(client, manager):
    page = reverse("imports", args=[manager.campaign.slug])
    with sent_tasks() as sent:
        for content in (b'{"n": 1}', b'{"n": 2}'):
            assert client.post(page, {"file": SimpleUploadedFile("../pairs.jsonl", content)}).status_code == 302

    first, second = Import.objects.order_by("pk")
    assert sent == [("ingest_import", [first.pk]), ("ingest_import", [second.pk])]
    assert first.stored_name != second.stored_name
    for import_, content in ((first, b'{"n": 1}'), (second, b'{"n": 2}')):
        assert import_.file_name == "pairs.jsonl"
        assert import_.stored_name.startswith("uploads/")
        with default_storage.open(import_.stored_name) as stored:
            assert stored.read() == content


def test_imports_come_the_newest_first_and_in_pages(client, manager, monkeypatch):
    monkeypatch.setattr(imports, "PER_PAGE", 2)
    made = [ImportFactory(campaign=manager.campaign) for _ in range(3)]
    ImportFactory()
    page = reverse("imports", args=[manager.campaign.slug])

    assert list(client.get(page).context["imports"]) == made[:0:-1]
    assert list(client.get(page, {"page": 2}).context["imports"]) == made[:1]


def test_refused_lines_come_in_the_order_of_the_file_and_in_pages(client, manager, monkeypatch):
    monkeypatch.setattr(imports, "PER_PAGE", 2)
    import_ = ImportFactory(campaign=manager.campaign, state=ImportState.DONE, lines_failed=3)
    for number in (30, 10, 20):
        LineError.objects.create(line_of=import_, number=number, field="image_a", message="No.")
    page = reverse("import_page", args=[manager.campaign.slug, import_.pk])

    numbers = [[error.number for error in client.get(page, {"page": at}).context["page"]] for at in (1, 2)]

    assert numbers == [[10, 20], [30]]


def upload(name: str = "pairs.jsonl", content: bytes = b'{"prompt": "x"}\n') -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def test_a_file_is_uploaded_and_sent_to_the_workers(
    client: Client, campaign: Campaign, manager: Member, django_capture_on_commit_callbacks, monkeypatch
) -> None:
    sent: list[object] = []
    monkeypatch.setattr("annotator.tasks.ingest_import.apply_async", lambda args, retry: sent.extend(args))
    with django_capture_on_commit_callbacks(execute=True):
        form = {"file": upload(), "column_map": "image_a = left\n\nimage_b=right=2"}
        response = client.post(address("imports", campaign), form)
    assert response.url == address("campaign_page", campaign) + "#imports"
    import_ = campaign.imports.get()
    assert (import_.file_name, import_.created_by, import_.state) == ("pairs.jsonl", manager.user, ImportState.QUEUED)
    assert import_.column_map == {"image_a": "left", "image_b": "right=2"}
    with default_storage.open(import_.stored_name) as stored:
        assert stored.read() == b'{"prompt": "x"}\n'
    assert sent == [import_.pk]


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({}, "file"),
        ({"file": "not a file"}, "file"),
        ({"file": upload(content=b"")}, "file"),
        ({"file": upload(), "column_map": "image_a"}, "column_map"),
        ({"file": upload(), "column_map": "left=image_a"}, "column_map"),
        ({"file": upload(), "column_map": "image_a="}, "column_map"),
    ],
)
def test_an_upload_that_cannot_be_is_refused(client: Client, campaign: Campaign, form: dict[str, object], field: str) -> None:
    response = client.post(address("imports", campaign), form)
    assert (response.status_code, list(response.context["form"].errors)) == (400, [field])
    assert not Import.objects.exists()


def test_a_file_beyond_the_limit_is_refused_and_nothing_is_left_of_it(client, campaign, settings, storage_folder) -> None:
    settings.API_UPLOAD_LIMIT = 10
    response = client.post(address("imports", campaign), {"file": upload()})
    assert response.status_code == 413
    assert "A file can have at most 10 bytes." in response.content.decode()
    assert files_in(storage_folder) == []


def test_a_file_beyond_the_quota_is_refused_and_nothing_is_left_of_it(client, campaign, settings, storage_folder) -> None:
    settings.IMPORT_QUOTA = 3_000_000
    ImportFactory(campaign=campaign, size=2_999_990)
    response = client.post(address("imports", campaign), {"file": upload()})
    assert response.status_code == 413
    assert "can have at most 3000000 bytes together, and 10 bytes of that are left." in page_text(response)
    assert files_in(storage_folder) == []


def test_an_upload_without_a_csrf_token_is_refused_and_nothing_is_left_of_it(manager, campaign, storage_folder) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(manager.user)
    assert strict.post(address("imports", campaign), {"file": upload()}).status_code == 403
    assert files_in(storage_folder) == []
    assert not Import.objects.exists()


def test_nothing_is_read_from_somebody_who_may_not_import(client, campaign) -> None:
    class Unread:
        def read(self, *_: int) -> bytes:
            raise AssertionError("read")

        readline = read

    form = {"CONTENT_TYPE": "multipart/form-data; boundary=x", "CONTENT_LENGTH": "400000000", "wsgi.input": Unread()}
    client.force_login(MemberFactory(campaign=campaign).user)
    assert client.generic("POST", address("imports", campaign), **form).status_code == 403
    client.logout()
    assert client.generic("POST", address("imports", campaign), **form).status_code == 302


def test_the_page_says_how_much_of_the_quota_is_used(client, campaign, settings) -> None:
    settings.IMPORT_QUOTA = 10 * 2**20
    ImportFactory(campaign=campaign, size=3 * 2**20)
    ImportFactory(campaign=campaign, size=5 * 2**20, state=ImportState.FAILED)  # nothing is left of it
    assert "This campaign's imports use 3.0 MB of 10.0 MB." in page_text(client.get(address("imports", campaign)))


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def page_text(response: HttpResponse) -> str:
    return " ".join(response.content.decode().replace("\xa0", " ").split())


def test_an_import_shows_its_refused_lines(client: Client, campaign: Campaign) -> None:
    import_ = ImportFactory(campaign=campaign, state=ImportState.FAILED, error="The file is empty.", lines_failed=1)
    LineError.objects.create(line_of=import_, number=1234, field="image_a", message="There is no file “<x>”.")
    html = client.get(address("import_page", campaign, import_.pk)).content.decode()
    for page in (html, client.get(address("campaign_page", campaign)).content.decode()):
        assert "The file is empty." in page
    assert "1234" in html
    assert "There is no file “&lt;x&gt;”." in html


def test_an_import_is_cancelled_on_its_page_which_says_what_stays(client, manager):
    import_ = ImportFactory(campaign=manager.campaign, state="running", pairs_added=1200)
    page = address("import_page", manager.campaign, import_.pk)
    cancel = address("cancel_import", manager.campaign, import_.pk)
    assert cancel in client.get(page).content.decode()

    with sent_tasks() as sent:
        text = client.post(cancel, follow=True).content.decode()

    assert sent == [("clear_import", [import_.pk])]
    assert "1,200 pairs that had been added stay" in " ".join(text.split())
    assert f"cancelled by {manager.user}" in text
    assert cancel not in text
    assert client.post(cancel).status_code == 302  # again
    Import.objects.update(state="done")
    assert "can no longer be cancelled" in client.post(cancel, follow=True).content.decode()
    assert client.post(address("cancel_import", manager.campaign, 0)).status_code == 404
    assert client.get(cancel).status_code == 405


def test_an_import_is_undone_on_its_page_unless_its_pairs_have_votes(client, manager):
    import_ = ImportFactory(campaign=manager.campaign, state="done", pairs_added=1)
    pair = PairFactory(campaign=manager.campaign, imported_in=import_)
    page = address("import_page", manager.campaign, import_.pk)
    undo = address("undo_import", manager.campaign, import_.pk)
    assert "This removes 1 pair," in " ".join(client.get(page).content.decode().split())

    with sent_tasks() as sent:
        text = client.post(undo, follow=True).content.decode()

    assert sent == [("clear_import", [import_.pk])]
    assert not Pair.objects.filter(pk=pair.pk).exists()
    assert "The pairs of this import are removed" in text
    assert undo not in text
    judged = ImportFactory(campaign=manager.campaign, state="done")
    VoteFactory(
        assignment__member__campaign=manager.campaign, assignment__pair=PairFactory(campaign=manager.campaign, imported_in=judged)
    )
    refused = client.post(address("undo_import", manager.campaign, judged.pk), follow=True).content.decode()
    assert "1 pair of this import has votes." in refused
    assert address("undo_import", manager.campaign, judged.pk) not in refused
    assert client.get(undo).status_code == 405


def test_attempts_are_said_only_of_an_import_that_failed(client, manager):
    import_ = ImportFactory(campaign=manager.campaign, attempts=3, state="done")
    page = address("import_page", manager.campaign, import_.pk)
    assert "times" not in client.get(page).content.decode()
    Import.objects.update(state="failed", error="It is damaged.")
    assert "The file was begun 3 times." in " ".join(client.get(page).content.decode().split())
