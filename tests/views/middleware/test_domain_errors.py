"""What a verb refuses is a page, or a piece of one, with its status."""

from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import reverse
from django_htmx.middleware import HtmxDetails

from annotator.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound, TooLarge
from annotator.lib.request_body import REFUSED
from annotator.views.middleware.domain_errors import DomainErrorMiddleware, status_of
from tests.factories import MemberFactory, UserFactory

REFUSALS = [(Invalid, 400), (NotAllowed, 403), (NotFound, 404), (Conflict, 409), (TooLarge, 413), (DomainError, 400)]


class Gone(NotFound):
    """An error of a kind that has no status of its own yet."""


def asked(**headers: str) -> HttpRequest:
    request = RequestFactory().get("/", headers=headers)
    request.user = UserFactory.build()
    request.htmx = HtmxDetails(request)
    return request


def answer(error: Exception, **headers: str) -> HttpResponse | None:
    return DomainErrorMiddleware(lambda request: HttpResponse()).process_exception(asked(**headers), error)


@pytest.mark.parametrize(("kind", "status"), REFUSALS)
def test_each_kind_has_its_status_as_a_page_and_as_a_piece(kind, status):
    assert status_of(kind("No.")) == status
    page, piece = answer(kind("Not <this>.")), answer(kind("Not <this>."), **{"HX-Request": "true"})

    assert page is not None
    assert piece is not None
    assert (page.status_code, piece.status_code) == (status, status)
    assert b"<html" in page.content
    assert b"<html" not in piece.content
    assert b"Not &lt;this&gt;." in piece.content
    assert (piece["HX-Retarget"], piece["HX-Reswap"]) == ("#notice", "innerHTML")
    assert "HX-Retarget" not in page.headers


def test_other_errors_are_left_to_django():
    assert answer(ValueError("broken")) is None


@pytest.mark.django_db
def test_the_address_of_a_form_has_a_page_for_people_and_says_the_method_to_programs(client):
    client.force_login(MemberFactory().user)
    address = reverse("skip", args=[1])

    page = client.get(address, headers={"Accept": "text/html"})
    bare = client.get(address, headers={"Accept": "application/json"})

    assert (page.status_code, page["Allow"]) == (bare.status_code, bare["Allow"]) == (405, "POST")
    assert b"<html" in page.content
    assert bare.content == b""


@pytest.mark.parametrize(("status", "code"), [(408, "body_too_slow"), (413, "body_too_large"), (503, "unavailable")])
@pytest.mark.django_db
def test_a_body_that_was_not_read_is_a_page_for_people_and_json_for_programs(client, status, code):
    page = client.post("/login/", **{REFUSED: (status, "It can have <1> MB.")})
    answer = client.post("/api/v1/campaigns/", **{REFUSED: (status, "It can have <1> MB.")})

    assert (page.status_code, answer.status_code) == (status, status)
    assert "It can have &lt;1&gt; MB." in page.content.decode()
    assert answer.json() == {"code": code, "detail": "It can have <1> MB."}
    assert ("Retry-After" in answer) is (status == 503)
