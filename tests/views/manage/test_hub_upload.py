from __future__ import annotations

import re

import pytest
from django.test import Client

from annotator.models import HubAccount, Publication
from annotator.releasing import hub_upload
from tests.api.clients import sent_tasks
from tests.api.releases import ready_release
from tests.factories import MemberFactory, ReleaseFactory
from tests.hub.fake_hub import WRITER

pytestmark = pytest.mark.django_db

ACCOUNT = "/manage/birds/hub/"
PUBLISH = "/manage/birds/releases/1/publish/"
RELEASE = "/manage/birds/releases/1/"


@pytest.fixture
def manager(storage_folder):
    member = MemberFactory(campaign__slug="birds", role="manager")
    ready_release(member.campaign, storage_folder)
    return member


@pytest.fixture
def pages(manager) -> Client:
    return logged_in(manager)


def logged_in(member) -> Client:
    client = Client()
    client.force_login(member.user)
    return client


def save(campaign) -> HubAccount:
    return hub_upload.save_account(campaign=campaign, repository="flowers/birds", is_private=True, token=WRITER, by=None)


def test_a_manager_says_where_to(manager, pages):
    response = pages.post(ACCOUNT, {"repository": "flowers/birds", "token": WRITER, "is_private": "on"})

    assert (response.status_code, response["Location"]) == (302, "/manage/birds/releases/")
    account = HubAccount.objects.get()
    assert (account.repository, account.is_private, account.updated_by) == ("flowers/birds", True, manager.user)


def test_it_is_private_unless_somebody_says_otherwise(pages):
    (tag,) = re.findall(r'<input[^>]*name="is_private"[^>]*>', pages.get(ACCOUNT).content.decode())

    assert "checked" in tag


def test_the_token_is_never_shown(manager, pages):
    save(manager.campaign)

    for page in (pages.get(ACCOUNT), pages.get(RELEASE), pages.post(ACCOUNT, {"repository": "wrong", "token": WRITER})):
        assert WRITER.encode() not in page.content
    assert WRITER[-4:].encode() in pages.get(ACCOUNT).content


@pytest.mark.parametrize(
    ("posted", "words"),
    [
        ({"repository": "wrong", "token": WRITER}, b"Write owner/name"),
        ({"repository": "flowers/birds"}, b"Enter a token"),
        ({"repository": "flowers/birds", "token": "two words"}, b"Invalid token"),
        ({"token": WRITER}, b"This field is required"),
    ],
)
def test_what_is_wrong_is_said_beside_it(pages, posted, words):
    response = pages.post(ACCOUNT, posted)

    assert (response.status_code, words in response.content) == (400, True)
    assert not HubAccount.objects.exists()


def test_a_token_can_be_forgotten(manager, pages):
    save(manager.campaign)

    assert pages.post(ACCOUNT + "forget/").status_code == 302
    assert not HubAccount.objects.exists()
    assert pages.post(ACCOUNT + "forget/").status_code == 302  # twice is once


def test_the_button_has_a_worker_publish_the_release(manager, pages):
    save(manager.campaign)
    with sent_tasks() as sent:
        response = pages.post(PUBLISH, follow=True)

    publication = Publication.objects.get()
    assert ("publish_release", [publication.pk]) in sent
    assert publication.created_by == manager.user
    assert b"is being published to flowers/birds" in response.content
    assert b"Queued" in response.content


def test_a_second_press_starts_no_second_one(manager, pages):
    save(manager.campaign)
    pages.post(PUBLISH)

    assert b"already being published" in pages.post(PUBLISH, follow=True).content
    assert Publication.objects.count() == 1


def test_without_an_account_the_page_leads_to_it(pages):
    assert f'href="{ACCOUNT}"'.encode() in pages.get(RELEASE).content
    assert b"Set up publishing first" in pages.post(PUBLISH, follow=True).content


def test_a_failure_and_how_far_it_has_come_are_shown(manager, pages):
    save(manager.campaign)
    release = manager.campaign.releases.get()
    Publication.objects.create(release=release, repository="flowers/birds", state="failed", error="The line dropped.")
    Publication.objects.create(release=release, repository="flowers/birds", state="publishing", progress=0.25)

    page = pages.get(RELEASE).content.decode()

    assert "The line dropped." in page
    assert 'value="0.25"' in page


def test_the_page_says_how_to_load_it(manager, pages):
    page = pages.get(RELEASE).content.decode()

    assert "export HF_ENDPOINT=http://testserver/hub\nexport HF_TOKEN=dpt_…\n" in page
    assert "load_dataset('diptych/birds', revision='v1')" in page
    manager.campaign.data_is_public = True
    manager.campaign.save()
    assert "HF_TOKEN" not in pages.get(RELEASE).content.decode()


@pytest.mark.parametrize(
    ("method", "path"), [("get", ACCOUNT), ("post", ACCOUNT), ("post", ACCOUNT + "forget/"), ("post", PUBLISH)]
)
def test_only_managers_may(manager, method, path):
    for role, status in (("annotator", 403), ("reviewer", 403)):
        assert getattr(logged_in(MemberFactory(campaign=manager.campaign, role=role)), method)(path).status_code == status
    assert getattr(logged_in(MemberFactory(role="manager")), method)(path).status_code == 404
    assert getattr(Client(), method)(path).status_code == 302


def test_an_unknown_release_is_not_there(manager, pages):
    save(manager.campaign)
    assert pages.post("/manage/birds/releases/2/publish/").status_code == 404
    ReleaseFactory(campaign=manager.campaign, number=2, state="building")
    assert b"not ready" in pages.post("/manage/birds/releases/2/publish/", follow=True).content


@pytest.mark.parametrize("path", [PUBLISH, ACCOUNT + "forget/"])
def test_looking_does_nothing(pages, path):
    assert pages.get(path).status_code == 405


def test_settings_say_whether_the_data_is_public(manager, pages):
    form = pages.get("/manage/birds/settings/").context["form"]
    posted = {name: value for name, value in form.initial.items() if value is not None}

    assert pages.post("/manage/birds/settings/", {**posted, "data_is_public": "on"}).status_code == 302
    manager.campaign.refresh_from_db()
    assert manager.campaign.data_is_public
    posted.pop("data_is_public")
    assert pages.post("/manage/birds/settings/", posted).status_code == 302
    manager.campaign.refresh_from_db()
    assert not manager.campaign.data_is_public
