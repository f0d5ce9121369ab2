"""The pages of a campaign's imports."""

from __future__ import annotations

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from annotator.choices import ImportState, Role
from annotator.models import Import, LineError
from annotator.views.manage import imports
from tests.api.clients import sent_tasks
from tests.factories import ImportFactory, MemberFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(client):
    manager = MemberFactory(role=Role.MANAGER)
    client.force_login(manager.user)
    return manager


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
