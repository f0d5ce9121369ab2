"""What the log says of a request."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from uuid import UUID

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.handlers.exception import convert_exception_to_response
from django.http import StreamingHttpResponse
from django.test import RequestFactory
from django.urls import resolve, reverse
from django.utils.functional import SimpleLazyObject

from annotator.campaigns.invites import key_of
from annotator.lib import logs
from annotator.views.middleware.request_log import ObservingMiddleware, path_of, user_of, view_of
from tests.factories import InviteFactory, MemberFactory, UserFactory
from tests.log_lines import Lines, log_lines


@pytest.fixture
def lines(monkeypatch) -> Iterator[Lines]:
    with log_lines(monkeypatch) as lines:
        yield lines


def asked(path: str, *, is_resolved: bool = True):
    request = RequestFactory().get(path)
    request.resolver_match = resolve(request.path) if is_resolved else None
    return request


@pytest.mark.parametrize(
    ("path", "is_resolved", "view"),
    [
        ("/c/shapes/", True, "annotate"),
        ("/c/another/?token=hush", True, "annotate"),
        ("/static/base.css", False, "static"),
        ("/wp-admin.php", False, "unknown"),
    ],
)
def test_a_view_is_named_and_never_a_path(path, is_resolved, view):
    assert view_of(asked(path, is_resolved=is_resolved)) == view


@pytest.mark.django_db
def test_of_an_address_that_lets_somebody_in_only_the_pattern_is_logged():
    key = key_of(InviteFactory())
    for path in (
        reverse("join", args=[key]),
        reverse("account_reset_password_from_key", kwargs={"uidb36": "1", "key": "hush-key"}),
        reverse("account_confirm_email", args=["hush-key"]),
    ):
        request = asked(path)
        logged = path_of(request, view_of(request))
        assert key not in logged
        assert "hush-key" not in logged
        assert logged.startswith("/")


def test_a_query_is_not_logged_and_a_path_cannot_break_its_line():
    assert path_of(asked("/c/shapes/?token=hush"), "annotate") == "/c/shapes/"
    request = asked("/x", is_resolved=False)
    request.path = "/a\nb é"
    assert path_of(request, "unknown") == "/a%0Ab%20%C3%A9"


def test_the_user_is_named_where_they_are_known_and_never_looked_up():
    user = UserFactory.build(pk=7)
    request = asked("/c/shapes/")
    assert user_of(request) is None
    request.user = AnonymousUser()
    assert user_of(request) is None
    request.user = user
    assert user_of(request) == 7

    request.user = SimpleLazyObject(lambda: pytest.fail("looked up"))
    assert user_of(request) is None
    request._cached_user = user  # the view asked for them
    assert user_of(request) == 7


def access_lines(lines):
    return [line for line in lines() if line["message"] == "request_finished"]


def access_line(lines):
    (line,) = access_lines(lines)
    return line


@pytest.mark.django_db
def test_one_line_per_request_says_what_happened(client, lines):
    user = MemberFactory().user
    client.force_login(user)

    response = client.get("/", {"token": "hushhush"}, HTTP_X_REQUEST_ID="from-the-proxy.1")

    line = access_line(lines)
    assert response["X-Request-ID"] == line["request_id"] == "from-the-proxy.1"
    assert [line[key] for key in ("method", "path", "status", "user", "level")] == ["GET", "/", 200, user.pk, "INFO"]
    assert 0 < line["seconds"] < 10


@pytest.mark.django_db
def test_nothing_secret_is_logged(client, lines):
    member = MemberFactory()
    client.force_login(member.user)
    session = client.cookies["sessionid"].value

    client.get("/c/nowhere/?key=hush-query")
    client.post("/login/", {"username": "ann", "password": "hush-form"})
    client.get("/api/v1/campaigns/?cursor=hush-query", HTTP_AUTHORIZATION="Bearer hush-token")

    logged = json.dumps(lines())
    assert "/c/nowhere/" in logged
    for secret in ("hush-query", "hush-form", "hush-token", session):
        assert secret not in logged


@pytest.mark.parametrize("hostile", ["two\nlines", "two\r\nSet-Cookie: a=b", "x" * 65, "", " ", "-dash", "ünï", '"}', "a b"])
def test_a_hostile_id_is_not_taken_over(client, lines, hostile):
    response = client.get("/healthz", HTTP_X_REQUEST_ID=hostile)

    assert str(UUID(response["X-Request-ID"])) == response["X-Request-ID"]
    assert access_line(lines)["request_id"] == response["X-Request-ID"]


def test_every_request_has_an_id_of_its_own_and_leaves_none_behind(client):
    first, second = client.get("/healthz")["X-Request-ID"], client.get("/healthz")["X-Request-ID"]

    assert first != second
    assert logs.current_id() == ""


@pytest.mark.django_db
def test_redirects_errors_and_refusals_have_an_id_and_a_line(client, lines):
    assert client.get("/", HTTP_HOST="elsewhere.example")["X-Request-ID"]
    assert client.get("/not/there")["X-Request-ID"]

    assert [line["status"] for line in access_lines(lines)] == [400, 404]


def observed(view):
    """The response of a view behind the middleware alone."""
    return ObservingMiddleware(convert_exception_to_response(view))(RequestFactory().get("/anywhere"))


def test_an_error_is_one_line_of_its_request_and_one_traceback(lines):
    def broken(request):
        raise ValueError("broken")

    response = observed(broken)

    assert response.status_code == 500
    assert (access_line(lines)["status"], access_line(lines)["request_id"]) == (500, response["X-Request-ID"])
    (failure,) = [line for line in lines() if line["level"] == "ERROR"]
    assert "Traceback" in failure["exception"]
    assert failure["request_id"] == response["X-Request-ID"]


def test_what_is_logged_while_a_body_is_streamed_belongs_to_the_request(lines):
    def body():
        logging.getLogger("somewhere").warning("Half of it is sent")
        yield b"x"

    response = observed(lambda request: StreamingHttpResponse(body()))

    assert logs.current_id() == ""
    assert list(response) == [b"x"]
    (line,) = [line for line in lines() if line["logger"] == "somewhere"]
    assert line["request_id"] == response["X-Request-ID"]
    assert logs.current_id() == ""


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
def test_what_machines_ask_every_few_seconds_is_logged_only_where_everything_is(client, lines, level):
    logging.getLogger().setLevel(level)

    client.get("/healthz")

    assert [line["path"] for line in access_lines(lines)] == (["/healthz"] if level == "DEBUG" else [])


@pytest.mark.django_db
def test_an_address_cannot_break_a_line(client, lines):
    client.get("/a%0Ab")

    assert access_line(lines)["path"] == "/a%0Ab"
