from __future__ import annotations

import pytest

from annotator.models import Import
from tests.api.clients import assert_error, client_of, sent_tasks
from tests.api.test_import_detail import address, an_import
from tests.factories import ImportFactory, MemberFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("state", ["queued", "reading", "running"])
def test_it_stops_an_import_that_is_not_finished_and_says_what_stays(state):
    import_, client = an_import()
    Import.objects.update(state=state, lines_total=10, pairs_added=4)

    with sent_tasks() as sent:
        response = client.post(address(import_) + "cancel/")

    assert response.status_code == 200
    assert (response.json()["state"], response.json()["pairs_added"]) == ("cancelled", 4)
    assert response.json()["finished_at"] is not None
    assert sent == [("clear_import", [import_.pk])]
    import_.refresh_from_db()
    assert import_.cancelled_by == import_.campaign.members.get().user
    again = client.post(address(import_) + "cancel/")
    assert (again.status_code, again.json()) == (200, response.json())


@pytest.mark.parametrize("state", ["done", "failed"])
def test_what_is_over_cannot_be_cancelled(state):
    import_, client = an_import()
    Import.objects.update(state=state)
    assert_error(client.post(address(import_) + "cancel/"), 409, "import_over")


def test_only_managers_may_and_only_of_their_campaign():
    import_, annotator = an_import("annotator")
    elsewhere = client_of(MemberFactory(role="manager").user, "import")

    assert_error(annotator.post(address(import_) + "cancel/"), 403, "not_a_manager")
    assert_error(elsewhere.post(address(import_) + "cancel/"), 404, "not_found")
    assert Import.objects.get().state == "queued"


def test_bad_input():
    import_, client = an_import()
    other = ImportFactory()

    assert_error(client.post(address(import_) + "cancel/", {"why": "because"}), 400, "invalid", "why")
    assert_error(client.post(address(import_).replace(f"/{import_.pk}/", f"/{other.pk}/") + "cancel/"), 404, "not_found")
    assert client.get(address(import_) + "cancel/").status_code == 405
