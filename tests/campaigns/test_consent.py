"""Which consent text a member has to agree to, and what is recorded."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from annotator.campaigns.consent import agree, must_agree, publish_consent_text
from annotator.errors import Conflict, Invalid
from annotator.models import Campaign, Consent, Member
from tests.factories import CampaignFactory, ConsentFactory, MemberFactory, UserFactory

pytestmark = pytest.mark.django_db

NOW = timezone.now()


def fresh(member: Member) -> Member:
    return Member.objects.select_related("campaign__consent_text").get(pk=member.pk)


def test_without_a_text_there_is_nothing_to_agree_to():
    member = MemberFactory()

    assert must_agree(member) is None
    agree(member=member, version=1)

    assert not Consent.objects.exists()


def test_each_new_version_has_to_be_agreed_to_and_is_recorded_once():
    member = MemberFactory()
    texts = []
    for number in (1, 2):
        texts.append(publish_consent_text(campaign=member.campaign, text=f"Text {number}.", by=None))
        assert must_agree(fresh(member)) == texts[-1]
        agree(member=member, version=number, now=NOW)
        agree(member=member, version=number, now=NOW + timedelta(hours=1))
        assert must_agree(fresh(member)) is None

    assert list(Consent.objects.values_list("text", "accepted_at")) == [(text.pk, NOW) for text in texts]


def test_an_outdated_version_is_refused_and_nothing_is_recorded():
    member = MemberFactory()
    for number in (1, 2):
        publish_consent_text(campaign=member.campaign, text=f"Text {number}.", by=None)

    for version in (1, 3, None):
        with pytest.raises(Conflict) as error:
            agree(member=member, version=version)
        assert error.value.code == "consent_outdated"
    assert not Consent.objects.exists()
    assert must_agree(fresh(member)) is not None


def test_versions_are_counted_for_each_campaign_and_say_who_wrote_them():
    author, campaign = UserFactory(), CampaignFactory()
    publish_consent_text(campaign=CampaignFactory(), text="Of another campaign.", by=None)

    text = publish_consent_text(campaign=campaign, text="One.", by=author, now=NOW)

    assert (text.version, text.author, text.published_at) == (1, author, NOW)


def test_the_text_in_force_is_the_newest_whoever_publishes_at_once():
    campaign = CampaignFactory()
    for number in range(3):
        publish_consent_text(campaign=campaign, text=f"Text {number}.", by=None)

    campaign.refresh_from_db()
    assert campaign.consent_text == campaign.consent_texts.order_by("-version").first()
    assert campaign.consent_text.version == 3


def test_an_empty_text_is_refused():
    with pytest.raises(Invalid) as error:
        publish_consent_text(campaign=CampaignFactory(), text=" \n", by=None)
    assert set(error.value.errors) == {"text"}


def test_a_member_agrees_only_to_what_they_were_shown():
    member = ConsentFactory().member
    publish_consent_text(campaign=CampaignFactory(), text="Another campaign's.", by=None)
    Campaign.objects.filter(pk=member.campaign_id).update(consent_text=member.consents.get().text)

    with pytest.raises(Conflict):
        agree(member=member, version=2)
