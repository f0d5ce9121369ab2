"""A notice is dismissed, an appeal is written, consent is withdrawn."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from annotator.choices import MemberState, Role
from annotator.models import Appeal, Campaign, Member, ModerationAction, Vote
from annotator.quality import moderation
from tests.factories import AppealFactory, CrowdIdentityFactory, MemberFactory, ModerationActionFactory, PairFactory, VoteFactory
from tests.judges import judge_all

pytestmark = pytest.mark.django_db


def address(name: str, campaign: Campaign, *more: object) -> str:
    return reverse(name, args=[campaign.slug, *more])


@pytest.fixture
def member() -> Member:
    member = MemberFactory()
    moderation.warn_member(member=member, by=None)
    return member


@pytest.fixture
def browser(client: Client, member: Member) -> Client:
    client.force_login(member.user)
    return client


@pytest.fixture
def manager(member: Member) -> Client:
    return logged_in(MemberFactory(campaign=member.campaign, role=Role.MANAGER))


def logged_in(member: Member) -> Client:
    client = Client()
    client.force_login(member.user)
    return client


@pytest.mark.parametrize("is_piece", [True, False])
def test_a_notice_is_dismissed_with_and_without_a_script(browser, member, is_piece):
    response = browser.post(address("dismiss_notice", member.campaign), headers={"HX-Request": "true"} if is_piece else {})

    assert (response.status_code, response.content) == ((200, b"") if is_piece else (302, b""))
    assert is_piece or response.url == address("annotate", member.campaign)
    member.refresh_from_db()
    assert member.notice is None
    assert ModerationAction.objects.count() == 1  # what was done stays on record


def test_somebody_elses_notice_stays(client, member):
    client.force_login(MemberFactory().user)

    assert client.post(address("dismiss_notice", member.campaign)).status_code == 404
    client.force_login(MemberFactory(campaign=member.campaign).user)
    client.post(address("dismiss_notice", member.campaign))

    member.refresh_from_db()
    assert member.notice is not None


@pytest.mark.parametrize(
    ("changes", "may_appeal"), [({}, True), ({"notice": None}, False), ({"state": MemberState.PAUSED}, True)]
)
def test_the_form_is_there_where_an_appeal_is_possible(browser, member, changes, may_appeal):
    Member.objects.update(**changes)
    page = address("appeal", member.campaign)

    assert browser.get(page).context["may_appeal"] is may_appeal
    assert browser.post(page, {"message": "Please look."}).status_code == (302 if may_appeal else 400)
    assert Appeal.objects.count() == may_appeal
    assert browser.get(page).context["may_appeal"] is False


def test_the_page_lists_own_appeals_alone(browser, member):
    own = AppealFactory(member=member)
    AppealFactory(member__campaign=member.campaign)

    assert browser.get(address("appeal", member.campaign)).context["appeals"] == [own]


@pytest.mark.parametrize("state", [MemberState.ACTIVE, MemberState.PAUSED, MemberState.SUSPENDED])
def test_consent_is_withdrawn_in_any_state_and_only_by_a_form_that_is_sure(browser, member, state):
    Member.objects.update(state=state)
    page = address("withdraw", member.campaign)

    assert browser.get(page, {"is_sure": "on"}).status_code == 200
    assert browser.post(page, {"is_sure": ""}).status_code == 400
    member.refresh_from_db()
    assert member.state == state

    assert browser.post(page, {"is_sure": "on"}).url == reverse("campaigns")
    member.refresh_from_db()
    assert member.state == MemberState.WITHDRAWN


@pytest.mark.parametrize("name", ["appeal", "withdraw"])
def test_the_pages_are_closed_to_strangers_and_to_those_who_left(client, name):
    gone = MemberFactory(state=MemberState.WITHDRAWN)
    ModerationActionFactory(member=gone, kind="withdraw")

    for user in (gone.user, MemberFactory().user):
        client.force_login(user)
        for method in (client.get, client.post):
            assert method(address(name, gone.campaign), {"message": "Back?", "is_sure": "on"}).status_code == 404
    assert not Appeal.objects.exists()


def test_an_appeal_is_written_answered_and_its_answer_read(manager: Client, member: Member) -> None:
    suspended = MemberFactory(campaign=member.campaign, state="suspended")
    ModerationActionFactory(member=suspended, kind="suspend")
    campaign = member.campaign
    annotator, page = logged_in(suspended), address("appeal", campaign)
    assert annotator.post(page, {"message": " "}).status_code == 400
    assert annotator.post(page, {"message": "x" * 2001}).status_code == 400
    assert annotator.post(page, {"message": "I do <look>."}).status_code == 302
    assert annotator.post(page, {"message": "Once more."}).status_code == 400  # one at a time
    waiting = annotator.get(page).content.decode()
    assert "I do &lt;look&gt;." in waiting
    assert "<textarea" not in waiting
    assert "have not answered yet" in annotator.get(address("annotate", campaign)).content.decode()

    appeal = Appeal.objects.get()
    assert "I do &lt;look&gt;." in manager.get(address("review", campaign)).content.decode()
    answer = address("answer_appeal", campaign, appeal.pk)
    assert manager.post(answer, {"decline": "", "answer": "x" * 2001}).status_code == 400
    manager.post(answer, {"decline": "", "answer": "The sides were all left."})
    assert manager.post(answer, {"accept": "", "answer": ""}).status_code == 400  # it was answered

    assert "The sides were all left." in annotator.get(page).content.decode()
    assert "The sides were all left." in annotator.get(address("annotate", campaign)).content.decode()


def test_an_appeal_that_is_accepted_is_told_beside_the_next_pair(manager: Client, member: Member) -> None:
    campaign = member.campaign
    appeal = AppealFactory(member__campaign=campaign, member__state="suspended")
    PairFactory(campaign=campaign)
    manager.post(address("answer_appeal", campaign, appeal.pk), {"accept": "", "answer": "Sorry about that."})

    html = logged_in(appeal.member).get(address("annotate", campaign)).content.decode()

    assert "You can continue" in html
    assert "Sorry about that." in html
    assert "data-assignment" in html


def test_who_was_not_acted_on_has_nothing_to_appeal_against() -> None:
    member = MemberFactory()
    client, page = logged_in(member), address("appeal", member.campaign)

    assert "<textarea" not in client.get(page).content.decode()
    assert client.post(page, {"message": "Why?"}).status_code == 400
    assert client.get(reverse("appeal", args=["nowhere"])).status_code == 404
    assert Client().get(page).status_code == 302


def test_an_annotator_withdraws_after_saying_that_they_are_sure() -> None:
    member = MemberFactory(campaign__votes_wanted=1)
    PairFactory.create_batch(3, campaign=member.campaign)
    judge_all(member)
    client, page = logged_in(member), address("withdraw", member.campaign)
    assert "Your 3 answers no longer count" in " ".join(client.get(page).content.decode().split())
    assert client.post(page).status_code == 400
    assert Vote.objects.live().count() == 3

    response = client.post(page, {"is_sure": "on"}, follow=True)

    assert "You left" in response.content.decode()
    assert not Vote.objects.live().exists()
    assert Member.objects.get(pk=member.pk).state == MemberState.WITHDRAWN
    assert ModerationAction.objects.get().kind == "withdraw"
    for route in ("withdraw", "appeal"):
        assert client.get(address(route, member.campaign)).status_code == 404
    assert client.get(reverse("withdraw", args=["nowhere"])).status_code == 404


def test_the_way_to_withdraw_is_on_ones_account_ones_answers_and_beside_the_consent(client: Client) -> None:
    member = VoteFactory().assignment.member
    client.force_login(member.user)
    way = address("withdraw", member.campaign)

    assert way in client.get(reverse("account")).content.decode()
    assert way in client.get(address("history", member.campaign)).content.decode()


def test_somebody_from_a_platform_withdraws_as_well() -> None:
    member = CrowdIdentityFactory().member
    client = logged_in(member)

    assert client.post(address("withdraw", member.campaign), {"is_sure": "on"}).status_code == 302
    assert Member.objects.get(pk=member.pk).state == MemberState.WITHDRAWN
