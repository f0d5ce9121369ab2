from __future__ import annotations

import pytest

from annotator.models import Import, LineError
from api.views import imports
from tests.api.clients import assert_error, client_of
from tests.factories import ImportFactory, MemberFactory

pytestmark = pytest.mark.django_db


def address(import_: Import) -> str:
    return f"/api/v1/campaigns/{import_.campaign.slug}/imports/{import_.pk}/"


def an_import(role: str = "manager"):
    member = MemberFactory(role=role)
    return ImportFactory(campaign=member.campaign), client_of(member.user, "import")


def refuse_lines(import_: Import, *numbers: int) -> None:
    LineError.objects.bulk_create(
        LineError(line_of=import_, number=number, field="image_a", message=f"Not an image: line {number}.") for number in numbers
    )


def test_it_shows_counts_and_refused_lines():
    import_, client = an_import()
    Import.objects.update(state="done", lines_total=10, lines_done=8, lines_failed=2, pairs_added=7, pairs_known=1)
    refuse_lines(import_, 9, 4)

    body = client.get(address(import_)).json()

    assert (body["state"], body["lines_total"], body["lines_done"], body["lines_failed"]) == ("done", 10, 8, 2)
    assert (body["pairs_added"], body["pairs_known"]) == (7, 1)
    assert body["line_errors"] == [
        {"number": 4, "field": "image_a", "message": "Not an image: line 4."},
        {"number": 9, "field": "image_a", "message": "Not an image: line 9."},
    ]
    assert body["line_errors_next"] is None


def test_it_leads_through_many_refused_lines(monkeypatch):
    import_, client = an_import()
    monkeypatch.setattr(imports, "LINE_ERRORS_SHOWN", 2)
    refuse_lines(import_, *range(1, 6))

    numbers, following = [], address(import_)
    while following:
        body = client.get(following).json()
        numbers.append([error["number"] for error in body["line_errors"]])
        following = body["line_errors_next"]

    assert numbers == [[1, 2], [3, 4], [5]]


@pytest.mark.parametrize("number", [1, 10])
def test_it_takes_as_many_queries_for_many_lines_as_for_few(number, django_assert_num_queries):
    import_, client = an_import()
    refuse_lines(import_, *range(1, number + 1))
    client.get(address(import_))

    with django_assert_num_queries(4):  # token, membership, import, refused lines
        client.get(address(import_))


@pytest.mark.parametrize("value", ["x", "-1", "1.5", "9" * 30, "%00"])
def test_it_refuses_a_line_that_is_none(value):
    import_, client = an_import()

    assert_error(client.get(f"{address(import_)}?errors_after={value}"), 400, "invalid", "errors_after")


def test_it_is_not_there_under_another_campaign():
    import_, client = an_import()
    Import.objects.update(campaign=MemberFactory().campaign)

    assert_error(client.get(address(import_)), 404, "not_found")


@pytest.mark.parametrize("number", ["0", "99999999", "9" * 30, "9" * 5000, "-1", "x"])
def test_it_is_not_there_under_another_number(number):
    import_, client = an_import()

    assert_error(client.get(f"/api/v1/campaigns/{import_.campaign.slug}/imports/{number}/"), 404, "not_found")
