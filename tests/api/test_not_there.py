from __future__ import annotations

import pytest
from django.db import OperationalError
from django.test import RequestFactory
from rest_framework.exceptions import Throttled

from annotator.urls import handler500
from api import errors
from tests.api.clients import ApiClient, assert_error


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "head", "options"])
@pytest.mark.parametrize("path", ["/api/", "/api/v2/campaigns/", "/api/v1/", "/api/v1/campaigns", "/api/v1/nothing/%00/é"])
def test_an_unknown_address_is_said_in_json(method, path):
    response = getattr(ApiClient(), method)(path)

    assert response.status_code == 404
    assert response["Content-Type"] == "application/json"
    if method != "head":
        assert_error(response, 404, "not_found")


def test_a_missing_slash_is_pointed_out():
    assert "slash" in ApiClient().post("/api/v1/campaigns").json()["detail"]


def test_a_failure_of_ours_is_json_under_the_api_and_a_page_elsewhere():
    assert handler500 == "api.errors.server_error"

    response = errors.server_error(RequestFactory().get("/api/v1/campaigns/"))
    assert (response.status_code, response["Content-Type"]) == (500, "application/json")
    assert b"server_error" in response.content

    page = errors.server_error(RequestFactory().get("/"))
    assert (page.status_code, page["Content-Type"].partition(";")[0]) == (500, "text/html")


def test_being_too_fast_says_when_to_come_back():
    response = errors.answer(Throttled(wait=7), {})

    assert response is not None
    assert (response.status_code, response["Retry-After"]) == (429, "7")
    assert response.data.keys() == {"code", "detail"}
    assert response.data["code"] == "throttled"


@pytest.mark.parametrize(
    ("nested", "flat"),
    [
        ({"name": ["Too long."]}, {"name": ["Too long."]}),
        ({"non_field_errors": ["Wrong."]}, {"non_field_errors": ["Wrong."]}),
        (["Wrong."], {"non_field_errors": ["Wrong."]}),
        ({"__all__": ["Wrong."]}, {"non_field_errors": ["Wrong."]}),
        ({"questions": [{}, {"slug": ["No.", "Never."]}]}, {"questions.1.slug": ["No.", "Never."]}),
        ({"questions": {0: ["No."]}}, {"questions.0": ["No."]}),
        ({"questions": {"non_field_errors": ["No."]}}, {"questions": ["No."]}),
        ({"": ["No."]}, {"": ["No."]}),
    ],
)
def test_errors_are_made_flat(nested, flat):
    assert errors.by_field(nested) == flat


@pytest.mark.parametrize(("path", "words"), [("/api/v1/campaigns/", b'"unavailable"'), ("/", b"Back in a moment")])
def test_a_database_that_goes_away_in_a_request_is_a_503_with_a_time(path, words):
    try:
        raise OperationalError("terminating connection due to administrator command")
    except OperationalError:
        response = errors.server_error(RequestFactory().get(path))

    assert (response.status_code, response["Retry-After"]) == (503, "2")
    assert words in response.content
