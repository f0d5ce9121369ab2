"""What a fast path asks of a request before it looks at it, and what its answers carry. Whole answers are compared with Django's
in tests/views/test_fast_path.py and tests/api/test_fast_path.py."""

from __future__ import annotations

import pytest

from annotator.lib import bare_requests


def request_with(*headers: tuple[str, str]):
    raw = [(name.encode(), value.encode()) for name, value in (("host", "testserver"), *headers)]
    return bare_requests.read_request(
        {"method": "POST", "path": "/", "server": ("testserver", 80), "client": ("192.0.2.1", 5000), "headers": raw}
    )


def test_cookies_and_the_type_of_the_body_are_read_as_django_reads_them():
    request = request_with(("Cookie", "a=1; b=2"), ("Content-Type", "Application/JSON; charset=utf-8"), ("X-Other", "?"))

    assert request.COOKIES == {"a": "1", "b": "2"}
    assert request.content_type == "application/json"
    assert "HTTP_X_OTHER" not in request.META
    assert request.META["REMOTE_ADDR"] == "192.0.2.1"


def test_a_header_that_came_twice_is_left_to_django():
    assert request_with(("Cookie", "a=1"), ("Cookie", "a=2")) is None


def test_another_host_is_left_to_django(settings):
    settings.ALLOWED_HOSTS = ["somewhere.example"]

    assert request_with() is None


@pytest.mark.parametrize(("scheme", "is_read"), [("https", True), ("http", False), (None, False)])
def test_behind_https_only_what_came_over_it_is_read(settings, scheme, is_read):
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

    request = request_with(*([("X-Forwarded-Proto", scheme)] if scheme else []))

    assert (request is not None) is is_read


@pytest.mark.parametrize(("sent", "kept"), [("mine-1", True), ("two words", False), ("", False), ("x" * 65, False)])
def test_the_id_of_a_request_is_the_client_s_where_it_is_one(sent, kept):
    with bare_requests.request_id_of(request_with(("X-Request-ID", sent))) as request_id:
        assert (request_id == sent) is kept
        assert dict(bare_requests.headers_of(request_id))[b"x-request-id"] == request_id.encode()
