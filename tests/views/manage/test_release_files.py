"""The card of a release as a page, and all its files as one ZIP."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest
from django.test import Client

from tests.api.releases import FILES, ready_release
from tests.factories import MemberFactory, ReleaseFactory

pytestmark = pytest.mark.django_db

RELEASE = "/manage/birds/releases/1/"


@pytest.fixture
def pages(storage_folder) -> Client:
    member = MemberFactory(campaign__slug="birds", role="manager")
    ready_release(member.campaign, storage_folder)
    ReleaseFactory(campaign=member.campaign, number=2, state="building")
    client = Client()
    client.force_login(member.user)
    return client


def test_the_card_is_rendered_with_its_own_pictures_and_no_others(pages, storage_folder):
    [card] = storage_folder.rglob("README.md")
    name = "pairs/train-00000-of-00001.parquet"
    card.write_text(
        f"---\nlicense: mit\n---\n\n# Birds\n\n![ours]({name})\n\n![theirs](https://example.org/x.png)\n\n<script>x</script>\n"
    )
    page = pages.get(RELEASE + "card/").content.decode()
    assert "<h2>Birds</h2>" in page
    assert f'<img src="/api/v1/campaigns/birds/releases/1/files/{name}" alt="ours">' in page
    assert "example.org" not in page
    assert "<script>x" not in page
    assert "license: mit" in page


def test_all_files_come_in_one_zip(pages):
    response = pages.get(RELEASE + "zip/")
    assert response["Content-Disposition"] == 'attachment; filename="birds-v1.zip"'
    with zipfile.ZipFile(BytesIO(response.getvalue())) as archive:
        assert archive.testzip() is None
        found = {name.removeprefix("birds-v1/"): archive.read(name) for name in archive.namelist()}
    assert found == FILES


@pytest.mark.parametrize("what", ["card/", "zip/"])
def test_only_a_ready_release_has_them_and_only_for_managers(pages, what):
    assert pages.get("/manage/birds/releases/2/" + what).status_code == 404
    stranger = Client()
    stranger.force_login(MemberFactory(campaign__slug="other").user)
    assert stranger.get(RELEASE + what).status_code == 404
