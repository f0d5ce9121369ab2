"""`manage.py make_release`, as it is typed."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from annotator.importing.images import full_name
from annotator.models import Release
from tests.factories import CampaignFactory
from tests.released import folder_of, make_pair, vote_all

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pair():
    pair = make_pair(CampaignFactory(slug="scenes"))
    vote_all(pair, "aab")
    return pair


def make_release(*arguments: str) -> str:
    output = StringIO()
    call_command("make_release", *arguments, stdout=output)
    return output.getvalue()


def test_it_builds_a_release_and_says_how_to_load_it(pair):
    printed = make_release("scenes", "--here")
    release = Release.objects.get()
    assert release.state == "ready"
    assert f"Release 1 of scenes, revision {release.revision}" in printed
    for file in release.files.all():
        assert f"{file.path}\n" in printed
    assert f'load_dataset("{folder_of(release)}", "pairs")' in printed
    assert "Release 2 of scenes" in make_release("scenes", "--here")


@pytest.mark.worker
def test_it_has_a_worker_build_the_release(celery_worker_process, pair):
    printed = make_release("scenes")
    release = Release.objects.get()
    assert release.state == "ready"
    assert f"Release 1 of scenes, revision {release.revision}" in printed
    assert (folder_of(release) / "pairs/train-00000-of-00001.parquet").exists()


def test_it_says_why_a_release_failed(pair):
    default_storage.delete(full_name(pair.image_b.sha256, pair.image_b.format))
    with pytest.raises(CommandError, match=f"was not built. The image {pair.image_b.sha256} is missing"):
        make_release("scenes", "--here")


def test_it_refuses_a_campaign_that_does_not_exist():
    with pytest.raises(CommandError, match="There is no campaign 'nothing'"):
        make_release("nothing")
    assert not Release.objects.exists()
