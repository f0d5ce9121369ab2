from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotator.choices import Role
from annotator.errors import Conflict, NotAllowed, NotFound
from annotator.judging import assigning, training
from annotator.models import Assignment, Campaign, Member, Pair
from annotator.quality import gold
from annotator.scoring.consensus_writer import score_campaign
from annotator.scoring.settling import settle_pairs
from tests.factories import CampaignFactory, GuidelineFactory, MemberFactory, PairFactory, QuestionFactory, VoteFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> Campaign:
    campaign = CampaignFactory(training_pairs=4, training_pass_mark=0.75, training_tries=2)
    PairFactory.create_batch(6, campaign=campaign, gold_choice="a", gold_use="training", gold_note="The hand has five fingers.")
    PairFactory.create_batch(5, campaign=campaign)
    return campaign


@pytest.fixture
def member(campaign) -> Member:
    return MemberFactory(campaign=campaign)


def answer(member: Member, choice: str) -> training.Feedback:
    seat = training.next_training(member=member)
    assert seat is not None
    return training.answer_training(assignment_id=seat.pk, by=member.user, choices={"overall": choice})


def do_training(member: Member, choices: str) -> Member:
    for choice in choices:
        answer(member, choice)
    member.refresh_from_db()
    return member


def test_nobody_gets_pairs_before_the_training(member):
    with pytest.raises(NotAllowed) as refusal:
        assigning.next_assignments(member=member)

    assert refusal.value.code == "training_due"


def test_who_gets_enough_right_is_let_in(member):
    do_training(member, "aaba")

    assert member.training_passed_at is not None
    assert training.next_training(member=member) is None
    assert {seat.kind for seat in assigning.next_assignments(member=member, count=5)} == {"regular"}


def test_each_answer_says_what_is_right_and_why(member):
    right, wrong = answer(member, "a"), answer(member, "both_bad")

    assert (right.is_right, wrong.is_right) == (True, False)
    assert wrong.assignment.pair.gold_note == "The hand has five fingers."
    assert (wrong.standing.answered, wrong.standing.right, wrong.standing.needed, wrong.standing.wanted) == (2, 1, 3, 4)


def test_training_pairs_take_no_seat_and_count_for_nothing(member):
    do_training(member, "aaaa")

    trained = Pair.objects.filter(gold_use="training")
    assert set(trained.values_list("seats_taken", "state")) == {(0, "open")}
    assert set(Assignment.objects.values_list("kind", flat=True)) == {"training"}


def test_who_fails_tries_again_with_pairs_they_have_not_met_first(member):
    do_training(member, "bbaa")
    assert member.training_failed_at is not None
    assert training.next_training(member=member) is None
    met = set(Assignment.objects.values_list("pair", flat=True))

    training.try_again(member=member)
    do_training(member, "aa")
    fresh = set(Assignment.objects.filter(created_at__gte=member.training_since).values_list("pair", flat=True))
    do_training(member, "aa")

    assert len(fresh) == 2
    assert not fresh & met
    assert member.training_passed_at is not None
    assert member.training_try == 2


def test_after_the_last_try_only_a_manager_can_help(member):
    do_training(member, "bbbb")
    training.try_again(member=member)
    do_training(member, "bbbb")
    with pytest.raises(Conflict, match="used all your tries"):
        training.try_again(member=member)

    training.give_another_try(member=member, by=None)
    do_training(member, "aaaa")

    assert member.training_passed_at is not None


def test_a_manager_lets_somebody_in_whatever_the_training_said(member):
    do_training(member, "bbbb")

    training.pass_training(member=member, by=None)

    member.refresh_from_db()
    assert assigning.next_assignments(member=member)


@pytest.mark.parametrize("changes", [{"role": Role.MANAGER}, {"role": Role.REVIEWER}, {"kind": "machine"}], ids=str)
def test_managers_reviewers_and_machines_need_none(campaign, changes):
    assert not training.training_is_due(MemberFactory(campaign=campaign, **changes))


def test_a_campaign_without_training_pairs_keeps_nobody_out(campaign, member):
    Pair.objects.filter(gold_use="training").update(gold_use="check")

    assert not training.training_is_due(member)


def test_with_fewer_pairs_than_wanted_as_many_are_asked_as_there_are(member):
    Pair.objects.filter(pk__in=list(Pair.objects.filter(gold_use="training").values_list("pk", flat=True)[:4])).update(
        state="held"
    )

    do_training(member, "aa")

    assert member.training_passed_at is not None


def test_the_same_pair_waits_until_it_is_answered_however_long_that_takes(member):
    first = training.next_training(member=member)
    later = timezone.now() + timedelta(days=1)
    assigning.return_expired_seats(now=later)

    again = training.next_training(member=member, now=later)

    assert again == first
    assert training.answer_training(assignment_id=first.pk, by=member.user, choices={"overall": "a"}, now=later).is_right


def test_an_answer_in_the_training_cannot_be_taken_back(client: Client, member):
    feedback = answer(member, "b")
    client.force_login(member.user)

    response = client.post(reverse("undo", args=[feedback.assignment.pk]))

    assert response.status_code == 403
    assert training.standing_of(member).answered == 1


def test_training_of_somebody_else_is_not_there(member):
    seat = training.next_training(member=member)

    with pytest.raises(NotFound):
        training.answer_training(assignment_id=seat.pk, by=MemberFactory(campaign=member.campaign).user, choices={"overall": "a"})


# --- pages


@pytest.fixture
def browser(client: Client, member) -> Client:
    client.force_login(member.user)
    return client


def page_of(campaign: Campaign) -> str:
    return reverse("training", args=[campaign.slug])


def post(browser: Client, campaign: Campaign, **fields: str):
    seat = training.next_training(member=Member.objects.get(campaign=campaign))
    return browser.post(page_of(campaign), {"assignment": seat.pk, "question": "overall"} | fields, follow=True)


def test_the_way_to_the_pairs_leads_through_the_guideline_and_the_training(browser, campaign, member):
    guideline = GuidelineFactory(campaign=campaign)
    assert browser.get(reverse("annotate", args=[campaign.slug])).url == reverse("guideline", args=[campaign.slug])
    assert browser.get(page_of(campaign)).url == reverse("guideline", args=[campaign.slug])
    browser.post(reverse("guideline", args=[campaign.slug]), {"version": guideline.version})

    response = browser.get(reverse("annotate", args=[campaign.slug]), follow=True)

    assert response.redirect_chain == [(page_of(campaign), 302)]
    assert "pair 1 of 4" in response.content.decode()


def test_a_page_tells_the_right_answer_only_after_the_answer(browser, campaign):
    before = browser.get(page_of(campaign)).content.decode()
    after = post(browser, campaign, choice="b").content.decode()

    assert "five fingers" not in before
    assert "five fingers" in after
    assert "Not quite" in after
    assert "1 of 4 answered, 0 correct" in after


def test_the_last_page_says_that_they_are_in(browser, campaign):
    for _ in range(4):
        response = post(browser, campaign, choice="a")

    assert "You passed" in response.content.decode()
    assert browser.get(page_of(campaign)).url == reverse("annotate", args=[campaign.slug])
    assert browser.get(reverse("annotate", args=[campaign.slug])).status_code == 200


def test_who_fails_is_told_kindly_and_can_try_again(browser, campaign):
    for _ in range(4):
        post(browser, campaign, choice="b")
    assert "0 of 4 were correct. You need 3 to pass" in browser.get(page_of(campaign)).content.decode()

    response = browser.post(reverse("training_again", args=[campaign.slug]), follow=True)

    assert "pair 1 of 4" in response.content.decode()


def test_what_is_no_answer_is_said_and_the_pair_stays(browser, campaign):
    response = post(browser, campaign, choice="perhaps")

    assert "This answer is not valid" in response.content.decode()
    assert "pair 1 of 4" in response.content.decode()


def test_several_questions_are_answered_at_once(browser, campaign):
    QuestionFactory(campaign=campaign, slug="beauty", text="Which is more beautiful?", position=1)

    response = post(browser, campaign, choice_overall="a", choice_beauty="b")

    assert "1 of 4 answered, 1 correct" in response.content.decode()


def test_another_persons_feedback_is_not_there(browser, campaign):
    feedback = answer(MemberFactory(campaign=campaign), "b")

    response = browser.get(reverse("training_feedback", args=[campaign.slug, feedback.assignment.pk]))

    assert response.status_code == 404


# --- managers


def test_managers_see_who_is_where_and_let_people_in(client: Client, campaign):
    boss = MemberFactory(campaign=campaign, role=Role.MANAGER)
    failed, at_it, new = (MemberFactory(campaign=campaign, user__username=name) for name in ("zz-failed", "zz-midway", "zz-new"))
    do_training(failed, "bbbb")
    do_training(at_it, "ab")
    client.force_login(boss.user)
    address = reverse("trainees", args=[campaign.slug])

    html = client.get(address).content.decode()
    assert html.index("zz-failed") < html.index("zz-midway") < html.index("zz-new")
    assert "Failed" in html
    client.post(address, {"member": failed.pk, "decision": "try"})
    client.post(address, {"member": new.pk, "decision": "pass_training"})

    failed.refresh_from_db()
    new.refresh_from_db()
    assert (failed.training_try, failed.training_failed_at) == (2, None)
    assert new.training_passed_at is not None


def test_a_stranger_and_an_annotator_see_no_managers_pages(browser, campaign):
    pair = Pair.objects.first()
    for name, *more in (("trainees",), ("pairs",), ("proposed_gold",), ("pair_page", pair.pk)):
        assert browser.get(reverse(name, args=[campaign.slug, *more])).status_code == 403


def test_a_manager_makes_a_training_pair_on_its_page(client: Client, campaign):
    client.force_login(MemberFactory(campaign=campaign, role=Role.MANAGER).user)
    pair = PairFactory(campaign=campaign, prompt__text="Seven blue cranes")
    address = reverse("pair_page", args=[campaign.slug, pair.pk])

    found = client.get(reverse("pairs", args=[campaign.slug]), {"words": "blue CRANES"}).content.decode()
    assert address in found
    bad = client.post(address, {"gold_choice": "", "gold_use": "check", "gold_note": "Why?"})
    assert bad.status_code == 400
    client.post(address, {"gold_choice": "b", "gold_use": "training", "gold_note": "There are seven."})

    pair.refresh_from_db()
    assert (pair.gold_choice, pair.gold_use, pair.gold_note) == ("b", "training", "There are seven.")
    assert address in client.get(reverse("pairs", args=[campaign.slug]), {"show": "training"}).content.decode()
    client.post(reverse("review_pair", args=[campaign.slug, pair.pk]))
    assert address in client.get(reverse("pairs", args=[campaign.slug]), {"show": "review"}).content.decode()


def test_pairs_of_another_campaign_are_not_there(client: Client, campaign):
    client.force_login(MemberFactory(campaign=campaign, role=Role.MANAGER).user)
    other = PairFactory()

    assert client.get(reverse("pair_page", args=[campaign.slug, other.pk])).status_code == 404


def test_a_manager_accepts_a_proposal(client: Client, campaign):
    client.force_login(MemberFactory(campaign=campaign, role=Role.MANAGER).user)
    pair = PairFactory(campaign=campaign, votes_wanted=3, seats_taken=3)
    for _ in range(3):
        VoteFactory(assignment__member__campaign=campaign, assignment__pair=pair, assignment__state="answered", choice="b")
    gold_pages = reverse("proposed_gold", args=[campaign.slug])
    score_campaign(campaign=campaign)
    settle_pairs(campaign=campaign)
    assert f"Pair {pair.pk}" in client.get(gold_pages).content.decode()

    client.post(gold_pages, {"pair": pair.pk})

    pair.refresh_from_db()
    assert pair.gold_choice == "b"
    assert not gold.proposed_gold(campaign).exists()
    assert client.post(gold_pages, {"pair": "nonsense"}).status_code == 404
