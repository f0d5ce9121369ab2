"""The service worker's script: for everybody, never kept for long, and another one for each person and version of the site."""

from __future__ import annotations

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.test import Client

from annotator.views.service_worker import service_worker_for
from tests.factories import MemberFactory, UserFactory
from tests.views.annotate.pages import page_of

ADDRESS = "/service-worker.js"


def test_the_script_is_for_everybody_and_asked_for_again_each_time(client: Client):
    response = client.get(ADDRESS)

    assert (response.status_code, response["Content-Type"]) == (200, "text/javascript; charset=utf-8")
    assert (response["Cache-Control"], response["Service-Worker-Allowed"]) == ("no-cache", "/c/")
    assert client.get(ADDRESS, headers={"If-None-Match": response["ETag"]}).status_code == 304
    assert client.post(ADDRESS).status_code == 405


def test_pages_may_start_it_and_it_may_fetch(client: Client):
    policy = client.get(ADDRESS)["Content-Security-Policy"]

    assert "worker-src 'self'" in policy
    assert "connect-src 'self'" in policy


def test_another_person_or_version_has_another_worker(monkeypatch):
    one, other = UserFactory.build(pk=1), UserFactory.build(pk=2)
    address = service_worker_for(one)
    staticfiles_storage._setup()
    monkeypatch.setattr(staticfiles_storage._wrapped, "manifest_hash", "feedbeef", raising=False)

    assert len({address, service_worker_for(one), service_worker_for(other)}) == 3
    assert "person=1&" not in address  # a number that stands for the id


@pytest.mark.django_db
def test_the_page_names_the_worker_of_who_is_logged_in(client: Client):
    member = MemberFactory()
    client.force_login(member.user)
    shown = client.get(page_of(member)).context["page_data"]

    assert shown["addresses"]["worker"] == service_worker_for(member.user)
