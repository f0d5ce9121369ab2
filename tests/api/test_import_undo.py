from __future__ import annotations

import pytest

from annotator.models import Import, Pair
from tests.api.clients import assert_error, client_of, sent_tasks
from tests.api.test_import_detail import address, an_import
from tests.factories import ImportFactory, MemberFactory, PairFactory, VoteFactory

pytestmark = pytest.mark.django_db


def test_it_removes_the_pairs_once():
    import_, client = an_import()
    Import.objects.update(state="done")
    PairFactory(campaign=import_.campaign, imported_in=import_)

    with sent_tasks() as sent:
        response = client.post(address(import_) + "undo/")

    assert (response.status_code, response.json()["state"]) == (200, "undone")
    assert response.json()["undone_at"] is not None
    assert sent == [("clear_import", [import_.pk])]
    assert not Pair.objects.exists()
    again = client.post(address(import_) + "undo/")
    assert (again.status_code, again.json()) == (200, response.json())


def test_votes_keep_an_import_and_a_running_one_is_refused():
    import_, client = an_import()
    assert_error(client.post(address(import_) + "undo/"), 409, "import_not_over")
    Import.objects.update(state="cancelled")
    VoteFactory(
        assignment__member__campaign=import_.campaign,
        assignment__pair=PairFactory(campaign=import_.campaign, imported_in=import_),
    )
    assert_error(client.post(address(import_) + "undo/"), 409, "import_in_use")
    assert Import.objects.get().state == "cancelled"


def test_only_managers_may_and_only_of_their_campaign():
    import_, annotator = an_import("annotator")
    elsewhere = client_of(MemberFactory(role="manager").user, "import")

    assert_error(annotator.post(address(import_) + "undo/"), 403, "not_a_manager")
    assert_error(elsewhere.post(address(import_) + "undo/"), 404, "not_found")


def test_bad_input():
    import_, client = an_import()
    other = ImportFactory()

    assert_error(client.post(address(import_) + "undo/", {"why": "because"}), 400, "invalid", "why")
    assert_error(client.post(address(import_).replace(f"/{import_.pk}/", f"/{other.pk}/") + "undo/"), 404, "not_found")
    assert client.get(address(import_) + "undo/").status_code == 405
