"""The page of one member: what they did, what was done about them, and what each act would do."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from annotator.choices import Role
from annotator.models import Member
from annotator.quality.moderation import Reason, pause_member, resume_member, suspend_member
from annotator.scoring.settling import settle_pairs
from annotator.scoring.statistics import compute_statistics
from tests.factories import MemberFactory, PairFactory, ReviewRuleFactory
from tests.judges import judge_all

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def manager(client: Client) -> Member:
    manager = MemberFactory(role=Role.MANAGER, campaign__votes_wanted=1, campaign__votes_max=1)
    client.force_login(manager.user)
    return manager


@pytest.fixture
def ada(manager: Member) -> Member:
    """Who has settled three pairs by herself."""
    member = MemberFactory(campaign=manager.campaign, user__username="ada")
    PairFactory.create_batch(3, campaign=manager.campaign)
    judge_all(member)
    settle_pairs(campaign=manager.campaign)
    compute_statistics(campaign=manager.campaign)
    return member


def text_of(client: Client, name: str, member: Member) -> str:
    return " ".join(client.get(reverse(name, args=[member.campaign.slug, member.pk])).content.decode().split())


def test_a_suspension_is_previewed_and_leaves_the_past_visible(client: Client, manager: Member, ada: Member) -> None:
    assert "Voids 3 votes, reopens 3 pairs." in text_of(client, "member_page", ada)
    suspend_member(member=ada, by=manager.user)
    compute_statistics(campaign=ada.campaign)

    html = text_of(client, "member_page", ada)

    assert "3 votes void, 3 settled pairs reopened" in html
    assert "All they ever answered" in html
    assert '<span class="badge paused">void</span>' in html
    assert html.count("data-chart=") == 3
    client.post(reverse("member_suspension", args=[ada.campaign.slug, ada.pk]), {"lift": ""})
    compute_statistics(campaign=ada.campaign)
    html = text_of(client, "member_page", ada)
    assert "3 votes void, 3 settled pairs reopened" in html
    assert "3 votes count again" in html


def test_after_let_work_again_the_past_stays(client: Client, manager: Member, ada: Member) -> None:
    rule = ReviewRuleFactory(campaign=ada.campaign)
    figures = {"measure": rule.measure, "count": 8, "value": 0.375, "bound": 0.69, "threshold": 0.7, "minimum": 5}
    pause_member(member=ada, by=None, reason=Reason(rule=rule, figures=figures))
    assert "Let work again" in text_of(client, "member_page", ada)

    resume_member(member=ada, by=manager.user, note="Look again, please.")

    html = text_of(client, "member_page", ada)
    assert "38 % from 8 answers" in html
    assert "Look again, please." in html
    assert "not dismissed yet" in html
    assert "<dt>Votes</dt> <dd> 3 </dd>" in html
    assert html.count('class="pictures"') == 3


def test_nobody_decides_about_themselves(client: Client, manager: Member) -> None:
    html = text_of(client, "member_page", manager)
    assert 'id="decide"' not in html
    for name, form in (("member_page", {"note": "x"}), ("member_state", {"state": "paused"}), ("member_suspension", {})):
        response = client.post(reverse(name, args=[manager.campaign.slug, manager.pk]), form)
        assert response.status_code == 403, name
    manager.refresh_from_db()
    assert manager.state == "active"


def test_a_reviewer_looks_and_has_no_buttons(client: Client, ada: Member) -> None:
    client.force_login(MemberFactory(campaign=ada.campaign, role=Role.REVIEWER).user)
    html = text_of(client, "member_page", ada)
    assert 'id="decide"' not in html
    assert "Latest answers" in html
    assert reverse("pair_page", args=[ada.campaign.slug, ada.campaign.pairs.first().pk]) not in html
