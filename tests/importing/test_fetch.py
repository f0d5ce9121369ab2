"""Fetching against a real TLS server on this machine. The name images.test is resolved by the test, never by the system."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import pytest

from annotator.errors import Invalid
from annotator.importing.fetch import fetch_image
from annotator.lib.safe_http import is_public
from tests.pictures import picture_file
from tests.tls_server import CERTIFICATE, Server, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture(scope="session")
def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(CERTIFICATE))


def here(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


def anywhere(address: str) -> bool:
    return True


def error_of(url: str, **options) -> str:
    with pytest.raises(Invalid) as caught:
        fetch_image(url, **options)
    return caught.value.detail


def test_it_fetches_an_image_and_sends_the_name_it_was_asked_for(server, trusting):
    server.answers["/a.png?x=1"] = (200, {}, picture_file())
    data = fetch_image(server.url("/a.png?x=1"), resolver=here, is_allowed=anywhere, tls=trusting)
    assert data == picture_file()
    assert server.seen == [(f"images.test:{server.server_port}", "/a.png?x=1")]


def test_it_follows_a_few_redirects_and_no_more(server, trusting):
    for hop in range(5):
        server.answers[f"/{hop}"] = (302, {"Location": f"/{hop + 1}" if hop else server.url("/1", "other.test")}, b"")
    server.answers["/3"] = (200, {}, b"image")
    options = {"resolver": here, "is_allowed": anywhere, "tls": trusting}
    assert fetch_image(server.url("/0"), **options) == b"image"
    assert [host.split(":")[0] for host, _ in server.seen] == ["images.test", "other.test", "other.test", "other.test"]
    server.answers["/3"] = (302, {"Location": "/4"}, b"")
    assert "more than 3 times" in error_of(server.url("/0"), **options)


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("http://images.test/x", "must use https, not http"),
        ("file:///etc/passwd", "must use https, not file"),
        ("//user:pw@images.test/x", "user name or password"),
        ("https://inside.test/x", "not public"),
        ("https://[::1]/x", "not public"),
        ("https://169.254.169.254/latest/meta-data/", "not public"),
        ("https://images.test:99999/", "not valid"),
        ("https://images.test:port/", "not valid"),
        ("caf\u00e9", "not valid"),
    ],
)
def test_every_redirect_is_checked_like_the_first_address(server, trusting, location, words):
    server.answers["/"] = (301, {"Location": location}, b"")
    asked: list[str] = []

    def resolver(host: str, port: int) -> list[str]:
        asked.append(host)
        return {"images.test": ["127.0.0.1"], "inside.test": ["10.0.0.8"]}.get(host, [host])

    def allow_the_test_server(address: str) -> bool:
        return (address == "127.0.0.1" and asked[-1] == "images.test") or is_public(address)

    detail = error_of(server.url("/"), resolver=resolver, is_allowed=allow_the_test_server, tls=trusting)

    assert words in detail
    assert len(server.seen) == 1


def test_a_name_that_resolves_otherwise_the_second_time_gains_nothing(server, trusting):
    """Rebinding: the address that was checked is the one that is connected to, so there is no second time."""
    server.answers["/a.png"] = (200, {}, b"image")
    answers = iter([["127.0.0.1"], ["10.0.0.8"]])
    checked: list[str] = []

    def note(address: str) -> bool:
        checked.append(address)
        return True

    assert fetch_image(server.url("/a.png"), resolver=lambda host, port: next(answers), is_allowed=note, tls=trusting) == b"image"
    assert checked == ["127.0.0.1"]


def test_one_private_address_among_public_ones_refuses_the_name(server, trusting):
    detail = error_of(server.url("/"), resolver=lambda host, port: ["93.184.215.14", "127.0.0.1"], tls=trusting)
    assert "not public" in detail
    assert server.seen == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "0.0.0.0", "[::ffff:127.0.0.1]"])
def test_this_machine_is_refused_however_it_is_spelt(server, trusting, host):
    assert "not public" in error_of(server.url("/a.png", host), tls=trusting)
    assert server.seen == []


def test_the_certificate_is_checked(server, trusting):
    server.answers["/a.png"] = (200, {}, b"image")
    assert "could not be fetched" in error_of(server.url("/a.png"), resolver=here, is_allowed=anywhere)
    stranger = server.url("/a.png", "stranger.test")
    assert "could not be fetched" in error_of(stranger, resolver=here, is_allowed=anywhere, tls=trusting)
    assert server.seen == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((404, {}, b""), "status 404"),
        ((500, {}, b""), "status 500"),
        ((302, {}, b""), "status 302"),
        ((200, {}, b"x" * 1001), "larger than"),
        ((200, {"Content-Length": "500"}, b"cut"), "could not be fetched|did not answer"),
    ],
)
def test_an_answer_that_is_no_image_is_refused(server, trusting, answer, words):
    server.answers["/a.png"] = answer
    options = {"resolver": here, "is_allowed": anywhere, "tls": trusting, "max_bytes": 1000}
    detail = error_of(server.url("/a.png"), **options)
    assert any(word in detail for word in words.split("|"))


def test_a_server_that_stalls_is_left_after_the_time_for_the_whole(server, trusting):
    server.answers["/stalls.png"] = (200, {"Content-Length": "500"}, b"some of it")
    options = {"resolver": here, "is_allowed": anywhere, "tls": trusting, "seconds": 0.3}
    assert "within 0.3 seconds" in error_of(server.url("/stalls.png"), **options)


def test_a_name_that_nobody_knows_and_a_port_that_is_closed_are_refused(server, trusting):
    def unknown(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    closed = Server()
    closed.server_close()
    assert "could not be fetched" in error_of(server.url("/"), resolver=unknown)
    assert "could not be fetched" in error_of(closed.url("/"), resolver=here, is_allowed=anywhere, tls=trusting)
    assert "not public" in error_of(server.url("/"), resolver=lambda host, port: [])


@pytest.mark.parametrize(
    "url",
    ["https://", "https:///x", "https://x:99999/", "https://[::1", "https://exa mple/\x01", "https://" + "a" * 300 + ".test/"],
)
def test_what_is_no_url_is_refused(url):
    assert error_of(url, resolver=lambda host, port: host.encode("idna") and ["10.0.0.1"])
