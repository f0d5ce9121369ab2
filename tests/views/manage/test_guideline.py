"""The pages of the guideline: the preview while it is written, and the versions."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from annotator.campaigns.guidelines import accept_guideline, draft_guideline, publish_guideline
from annotator.choices import Role
from annotator.models import Guideline, Member
from tests.factories import MemberFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(client: Client) -> Member:
    manager = MemberFactory(role=Role.MANAGER)
    client.force_login(manager.user)
    return manager


def address(name: str, manager: Member, *arguments: int) -> str:
    return reverse(name, args=[manager.campaign.slug, *arguments])


def words(response) -> str:
    return " ".join(response.content.decode().split())


def test_the_preview_shows_what_is_written_and_what_it_changes_and_keeps_nothing(client, manager):
    publish_guideline(campaign=manager.campaign, text="# Look\n\nAt hands.", by=manager.user)
    shown = words(client.post(address("preview_guideline", manager), {"text": "# Look\n\nAt **feet**.<script>"}))

    assert "<p>At <strong>feet</strong>.&lt;script&gt;</p>" in shown
    assert "At hands.</del>" in shown
    assert "<html" not in shown  # it goes beside the form
    assert "What you write appears here" in words(client.post(address("preview_guideline", manager), {"text": "  "}))
    assert Guideline.objects.count() == 1
    assert client.get(address("preview_guideline", manager)).status_code == 405


def test_versions_say_what_changed_and_who_accepted_which(client, manager, django_assert_max_num_queries):
    campaign = manager.campaign
    ana, ben = (MemberFactory(campaign=campaign, user__username=name) for name in ("ana", "ben"))
    first = publish_guideline(campaign=campaign, text="At hands.", by=manager.user)
    accept_guideline(member=ana, guideline=first)
    accept_guideline(member=ben, guideline=first)
    draft_guideline(campaign=campaign, text="Not yet.", by=manager.user)
    third = publish_guideline(campaign=campaign, text="At feet.", by=manager.user, change_note="Feet, not hands.")
    accept_guideline(member=ben, guideline=third)

    with django_assert_max_num_queries(12):
        response = client.get(address("guideline_versions", manager))
    assert [(row.version, row.people) for row in response.context["page"]] == [(3, 1), (1, 1)]
    assert words(response).count("In force") == 1
    newest = words(client.get(address("guideline_version", manager, 3)))
    assert "Changes since version 1" in newest
    assert "At hands.</del>" in newest
    assert "At feet.</ins>" in newest
    assert ">ben</a>" in newest
    assert ">ana</a>" not in newest
    oldest = words(client.get(address("guideline_version", manager, 1)))
    assert "This is the first published version." in oldest
    assert ">ana</a>" in oldest
    for number in (2, 4):  # a draft, and none
        assert client.get(address("guideline_version", manager, number)).status_code == 404
