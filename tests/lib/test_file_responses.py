from __future__ import annotations

from io import BytesIO

import pytest
from django.test import RequestFactory

from annotator.lib.file_responses import BLOCK_SIZE, RangeNotSatisfiable, range_of, serve

pytestmark = pytest.mark.django_db  # closing a response gives connections back

SHA256 = "ab" * 32
ETAG = f'"{SHA256}"'
HUGE = "9" * 5000


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-9", (0, 9)),
        ("bytes=0-0", (0, 0)),
        ("bytes=99-99", (99, 99)),
        ("bytes=90-", (90, 99)),
        ("bytes=90-500", (90, 99)),
        (f"bytes=90-{HUGE}", (90, 99)),
        ("bytes=-10", (90, 99)),
        ("bytes=-500", (0, 99)),
        (f"bytes=-{HUGE}", (0, 99)),
        ("Bytes = 5 - 6", (5, 6)),
        ("bytes=0005-0006", (5, 6)),
        # What a server may ignore, and then sends the whole.
        ("", None),
        ("bytes", None),
        ("bytes=", None),
        ("bytes=-", None),
        ("bytes=6-5", None),
        ("bytes=0-1,5-6", None),
        ("bytes=a-b", None),
        ("bytes=٣-٤", None),
        ("bytes=-1-5", None),
        ("rows=0-9", None),
        ("0-9", None),
    ],
)
def test_it_reads_a_range(header, expected):
    assert range_of(header, 100) == expected


@pytest.mark.parametrize(
    ("header", "size"),
    [
        ("bytes=100-", 100),
        ("bytes=100-200", 100),
        (f"bytes={HUGE}-", 100),
        ("bytes=-0", 100),
        ("bytes=0-", 0),
        ("bytes=-5", 0),
    ],
)
def test_it_refuses_a_range_after_the_end(header, size):
    with pytest.raises(RangeNotSatisfiable) as error:
        range_of(header, size)

    assert error.value.headers["Content-Range"] == f"bytes */{size}"


class Watched(BytesIO):
    """A file that remembers how much was read at once."""

    largest = 0

    def read(self, size=-1):
        self.largest = max(self.largest, size)
        return super().read(size)


def answered(data: bytes, method="GET", name="pairs/train.parquet", **headers):
    file = Watched(data)
    request = getattr(RequestFactory(), method.lower())(
        "/", headers={key.replace("_", "-"): value for key, value in headers.items()}
    )
    response = serve(request, open_file=lambda: file, size=len(data), sha256=SHA256, name=name)
    body = b"".join(response) if response.streaming else response.content
    response.close()
    return response, body, file


def test_it_sends_the_whole_file():
    response, body, file = answered(b"0123456789")

    assert (response.status_code, body) == (200, b"0123456789")
    assert response["Content-Length"] == "10"
    assert response["ETag"] == ETAG
    assert response["Accept-Ranges"] == "bytes"
    assert response["Content-Encoding"] == "identity"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Type"] == "application/vnd.apache.parquet"
    assert response["Content-Disposition"] == 'attachment; filename="train.parquet"'
    assert response["Cache-Control"] == "private, no-cache"
    assert {"Authorization", "Cookie"} <= set(response["Vary"].split(", "))
    assert file.closed


def test_it_sends_one_range():
    response, body, _ = answered(b"0123456789", range="bytes=2-5")

    assert (response.status_code, body) == (206, b"2345")
    assert response["Content-Range"] == "bytes 2-5/10"
    assert response["Content-Length"] == "4"


def test_it_reads_in_blocks():
    data = bytes(3 * BLOCK_SIZE + 7)

    _, body, file = answered(data)

    assert body == data
    assert file.largest == BLOCK_SIZE


def test_it_closes_a_file_that_nobody_read():
    file = BytesIO(b"0123456789")
    response = serve(RequestFactory().get("/"), open_file=lambda: file, size=10, sha256=SHA256, name="x")

    response.close()

    assert file.closed


def test_a_head_has_the_headers_and_opens_nothing():
    def refuse():
        raise AssertionError("opened")

    response = serve(RequestFactory().head("/"), open_file=refuse, size=10, sha256=SHA256, name="README.md")

    assert (response.status_code, response.content) == (200, b"")
    assert response["Content-Length"] == "10"
    assert response["Content-Type"] == "text/markdown; charset=utf-8"


def test_a_range_is_for_get_alone():
    response, _, _ = answered(b"0123456789", method="HEAD", range="bytes=2-5")

    assert (response.status_code, response["Content-Length"]) == (200, "10")


@pytest.mark.parametrize("header", [ETAG, f"W/{ETAG}", f'"other", {ETAG}', "*"])
def test_it_sends_nothing_that_the_client_has(header):
    response, body, _ = answered(b"0123456789", if_none_match=header, range="bytes=2-5")

    assert (response.status_code, body) == (304, b"")
    assert response["ETag"] == ETAG
    assert "Content-Type" not in response


@pytest.mark.parametrize("header", ['"other"', "", "nonsense", SHA256])
def test_it_sends_what_the_client_has_not(header):
    response, _, _ = answered(b"0123456789", if_none_match=header)

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("header", "status"), [(ETAG, 206), ('"other"', 200), (f"W/{ETAG}", 200), ("Wed, 21 Oct 2015 07:28:00 GMT", 200)]
)
def test_a_range_of_another_version_is_answered_with_the_whole(header, status):
    response, _, _ = answered(b"0123456789", range="bytes=2-5", if_range=header)

    assert response.status_code == status


def test_an_empty_file_is_sent():
    response, body, _ = answered(b"", name="notes.unknown")

    assert (response.status_code, body, response["Content-Length"]) == (200, b"", "0")
    assert response["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize("name", ['a"b.md', "a\r\nSet-Cookie: x.md", "ü.md", "../../etc/passwd"])
def test_a_strange_name_stays_a_name(name):
    response, _, _ = answered(b"x", name=name)

    value = response["Content-Disposition"]
    assert value.startswith("attachment")
    assert "\n" not in value
    assert "/" not in value
