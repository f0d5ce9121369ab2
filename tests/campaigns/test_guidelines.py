"""Guidelines: drafts, versions, and who accepted which."""

from __future__ import annotations

import pytest

from annotator.campaigns import guidelines
from annotator.errors import Conflict, Invalid
from annotator.models import Campaign, Guideline
from tests.factories import CampaignFactory, MemberFactory, UserFactory

pytestmark = pytest.mark.django_db


def in_force(campaign: Campaign) -> Guideline | None:
    return Campaign.objects.get(pk=campaign.pk).guideline


def test_the_newest_published_version_is_in_force_and_drafts_are_not():
    campaign = CampaignFactory()
    assert in_force(campaign) is None

    guidelines.draft_guideline(campaign=campaign, text="A draft.", by=None)
    assert in_force(campaign) is None
    second = guidelines.publish_guideline(campaign=campaign, text="Two.", by=None)
    guidelines.draft_guideline(campaign=campaign, text="Another draft.", by=None)

    assert second.version == 2
    assert in_force(campaign) == second


def test_a_draft_that_was_overtaken_is_published_under_the_next_number():
    campaign, writer, publisher = CampaignFactory(), UserFactory(), UserFactory()
    draft = guidelines.draft_guideline(campaign=campaign, text="A draft.", by=writer)
    unsigned = guidelines.draft_guideline(campaign=campaign, text="Nobody's draft.", by=None)
    guidelines.publish_guideline(campaign=campaign, text="Meanwhile.", by=None)

    published = guidelines.publish_draft(guideline=draft, by=publisher)
    last = guidelines.publish_draft(guideline=unsigned, by=publisher)

    assert (published.version, published.author) == (4, writer)
    assert (last.version, last.author) == (5, publisher)
    assert in_force(campaign) == last


def test_the_newest_draft_keeps_its_number():
    campaign = CampaignFactory()
    guidelines.publish_guideline(campaign=campaign, text="One.", by=None)
    draft = guidelines.draft_guideline(campaign=campaign, text="A draft.", by=None)
    guidelines.change_draft(guideline=draft, text="A better draft.", by=None)

    published = guidelines.publish_draft(guideline=draft, by=None)

    assert (published.version, published.text) == (2, "A better draft.")


def test_a_published_version_is_neither_changed_nor_published_again():
    published = guidelines.publish_guideline(campaign=CampaignFactory(), text="One.", by=None)

    with pytest.raises(Conflict) as changed:
        guidelines.change_draft(guideline=published, text="Two.", by=None)
    with pytest.raises(Conflict) as again:
        guidelines.publish_draft(guideline=published, by=None)

    assert changed.value.code == again.value.code == "guideline_published"
    published.refresh_from_db()
    assert (published.version, published.text) == (1, "One.")


def test_an_empty_text_is_no_guideline():
    campaign = CampaignFactory()
    draft = guidelines.draft_guideline(campaign=campaign, text="A draft.", by=None)

    for refused in (
        lambda: guidelines.publish_guideline(campaign=campaign, text=" \n", by=None),
        lambda: guidelines.draft_guideline(campaign=campaign, text="", by=None),
        lambda: guidelines.change_draft(guideline=draft, text="\t", by=None),
    ):
        with pytest.raises(Invalid) as error:
            refused()
        assert set(error.value.errors) == {"text"}
    assert list(campaign.guidelines.values_list("text", flat=True)) == ["A draft."]


def test_members_read_each_new_version_and_accept_only_the_one_in_force():
    member = MemberFactory()
    assert guidelines.must_read(member) is None
    first = guidelines.publish_guideline(campaign=member.campaign, text="One.", by=None)
    assert guidelines.must_read(member) == first
    guidelines.accept_guideline(member=member, guideline=first)
    assert guidelines.must_read(member) is None

    second = guidelines.publish_guideline(campaign=member.campaign, text="Two.", by=None)
    assert guidelines.must_read(member) == second
    elsewhere = guidelines.publish_guideline(campaign=CampaignFactory(), text="Elsewhere.", by=None)
    for guideline in (first, elsewhere):
        with pytest.raises(Conflict) as error:
            guidelines.accept_guideline(member=member, guideline=guideline)
        assert error.value.code == "guideline_outdated"
    member.refresh_from_db()
    assert member.guideline_accepted == first


def test_change_notes_are_of_the_published_versions_in_between():
    campaign = CampaignFactory()
    notes = ["First.", "", "Third.", "Fourth."]
    one, _, _, four = [guidelines.publish_guideline(campaign=campaign, text="Text.", by=None, change_note=note) for note in notes]
    guidelines.publish_guideline(campaign=campaign, text="Text.", by=None, change_note="Fifth.")
    guidelines.publish_guideline(campaign=CampaignFactory(), text="Text.", by=None, change_note="Elsewhere.")

    assert guidelines.change_notes(since=one, until=four) == ["Third.", "Fourth."]
    assert guidelines.change_notes(since=four, until=four) == []
