from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from annotator.choices import MemberKind
from annotator.lib.public_ids import ASSIGNMENTS, PAIRS, VOTES
from annotator.models import Member, Vote
from tests.api.clients import assert_error, client_of
from tests.factories import AssignmentFactory, CampaignFactory, GuidelineFactory, MemberFactory, QuestionFactory

pytestmark = pytest.mark.django_db


def address(assignment_id) -> str:
    return f"/api/v1/assignments/{ASSIGNMENTS.show(assignment_id)}/vote/"


def an_assignment(**values):
    assignment = AssignmentFactory(**values)
    return assignment, client_of(assignment.member.user, "annotate")


def test_a_vote_is_counted_and_shown():
    assignment, client = an_assignment(a_on_left=False)

    response = client.post(address(assignment.pk), {"choice": "b", "elapsed_ms": 1234, "conditions": {"input": "swipe"}})

    vote = Vote.objects.get()
    assert response.status_code == 201, response.content
    body = response.json()
    assert body.pop("created_at").endswith("Z")
    assert body == {
        "vote_id": VOTES.show(vote.pk),
        "pair_id": PAIRS.show(assignment.pair_id),
        "question": "overall",
        "annotator_id": assignment.member.public_id,
        "choice": "b",
        "a_on_left": False,
        "kind": None,
        "elapsed_ms": 1234,
        "conditions": {"input": "swipe"},
        "guideline_version": None,
        "void_reason": None,
    }
    assert (vote.choice, vote.elapsed_ms, vote.assignment) == ("b", 1234, assignment)
    assignment.refresh_from_db()
    assert assignment.state == "answered"


def test_conditions_that_cannot_be_are_refused_by_their_field():
    assignment, client = an_assignment()

    response = client.post(address(assignment.pk), {"choice": "b", "conditions": {"prompt": "torn"}})

    assert response.status_code == 400
    assert response.json()["errors"] == {"conditions": ["prompt: Use one of whole, folded, unfolded."]}
    assert not Vote.objects.exists()


@pytest.mark.parametrize("body", [{"choice": "a"}, {"choices": {"overall": "a"}}])
def test_a_comment_is_kept_where_the_campaign_asks_for_one(body):
    member = MemberFactory(campaign__asks_comment=True)
    assignment, client = an_assignment(member=member)

    assert client.post(address(assignment.pk), body | {"comment": "Close."}).status_code == 201
    assert Vote.objects.get().comment == "Close."


def test_a_time_from_before_the_pair_was_handed_out_is_not_kept():
    assignment, client = an_assignment(shown_at=timezone.now() - timedelta(seconds=30))

    response = client.post(address(assignment.pk), {"choice": "a", "elapsed_ms": 40_000})

    assert (response.status_code, response.json()["elapsed_ms"]) == (201, None)
    assert Vote.objects.get().elapsed_ms is None


def test_the_guideline_that_was_in_force_is_shown():
    campaign = CampaignFactory()
    guideline = GuidelineFactory(campaign=campaign, version=3)
    assignment, client = an_assignment(member=MemberFactory(campaign=campaign), guideline=guideline)

    assert client.post(address(assignment.pk), {"choice": "a"}).json()["guideline_version"] == 3


@pytest.mark.parametrize("kind", ["regular", "gold", "repeat", "training"])
def test_it_does_not_tell_which_pair_was_gold(kind):
    assignment, client = an_assignment(kind=kind)

    assert client.post(address(assignment.pk), {"choice": "a"}).json()["kind"] is None


@pytest.mark.parametrize("choice", ["a", "b", "both_good", "both_bad"])
def test_every_choice_counts(choice):
    assignment, client = an_assignment()

    assert client.post(address(assignment.pk), {"choice": choice}).status_code == 201
    assert Vote.objects.get().choice == choice


@pytest.mark.parametrize("elapsed", [{}, {"elapsed_ms": None}, {"elapsed_ms": 250}, {"elapsed_ms": 24 * 3600 * 1000}])
def test_the_time_may_be_missing_or_anything_up_to_a_day(elapsed):
    assignment, client = an_assignment()

    assert client.post(address(assignment.pk), {"choice": "a"} | elapsed).status_code == 201
    assert Vote.objects.get().elapsed_ms == elapsed.get("elapsed_ms")


def test_a_person_cannot_have_seen_a_pair_at_once():
    assignment, client = an_assignment()

    assert_error(client.post(address(assignment.pk), {"choice": "a", "elapsed_ms": 249}), 400, "too_soon", "elapsed_ms")
    assert not Vote.objects.exists()


def test_a_machine_can():
    assignment, client = an_assignment()
    Member.objects.update(kind=MemberKind.MACHINE)

    assert client.post(address(assignment.pk), {"choice": "a", "elapsed_ms": 0}).status_code == 201
    assert Vote.objects.get().elapsed_ms == 0


def test_the_same_again_is_the_same_vote():
    assignment, client = an_assignment()
    first = client.post(address(assignment.pk), {"choice": "a", "elapsed_ms": 900})

    again = client.post(address(assignment.pk), {"choice": "a", "elapsed_ms": 1900})

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert Vote.objects.count() == 1


def test_another_choice_is_refused():
    assignment, client = an_assignment()
    client.post(address(assignment.pk), {"choice": "a"})

    assert_error(client.post(address(assignment.pk), {"choice": "b"}), 409, "already_answered")
    assert Vote.objects.get().choice == "a"


def test_several_questions_are_answered_at_once():
    assignment, client = an_assignment()
    QuestionFactory(campaign=assignment.member.campaign, slug="prompt", position=1)
    body = {"choices": {"prompt": "b", "overall": "both_good"}, "elapsed_ms": 500}

    response = client.post(address(assignment.pk), body)

    assert response.status_code == 201, response.content
    assert response.json().keys() == {"assignment", "votes"}
    assert response.json()["assignment"] == ASSIGNMENTS.show(assignment.pk)
    assert [(vote["question"], vote["choice"]) for vote in response.json()["votes"]] == [
        ("overall", "both_good"),
        ("prompt", "b"),
    ]
    again = client.post(address(assignment.pk), body)
    assert (again.status_code, again.json()) == (200, response.json())


def test_choices_may_answer_a_single_question_too():
    assignment, client = an_assignment()

    response = client.post(address(assignment.pk), {"choices": {"overall": "a"}})

    assert (response.status_code, len(response.json()["votes"])) == (201, 1)
    assert client.post(address(assignment.pk), {"choice": "a"}).status_code == 200


def test_one_choice_is_not_enough_for_several_questions():
    assignment, client = an_assignment()
    QuestionFactory(campaign=assignment.member.campaign, slug="prompt", position=1)

    assert_error(client.post(address(assignment.pk), {"choice": "a"}), 400, "invalid", "prompt")
    assert not Vote.objects.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "choice"),
        ({"elapsed_ms": 5}, "choice"),
        ({"choice": "a", "choices": {"overall": "a"}}, "choice"),
        ({"choice": "left"}, "choice"),
        ({"choice": "A"}, "choice"),
        ({"choice": ""}, "choice"),
        ({"choice": None}, "choice"),
        ({"choice": ["a"]}, "choice"),
        ({"choice": {"a": 1}}, "choice"),
        ({"choice": 1}, "choice"),
        ({"choices": {}}, "choices"),
        ({"choices": ["a"]}, "choices"),
        ({"choices": "a"}, "choices"),
        ({"choices": None}, "choices"),
        ({"choices": {"overall": 1}}, "choices.overall"),
        ({"choices": {"overall": None}}, "choices.overall"),
        ({"choices": {"overall": "left"}}, "overall"),
        ({"choices": {"overall": "a", "other": "a"}}, "other"),
        ({"choice": "a", "elapsed_ms": -1}, "elapsed_ms"),
        ({"choice": "a", "elapsed_ms": 24 * 3600 * 1000 + 1}, "elapsed_ms"),
        ({"choice": "a", "elapsed_ms": 10**30}, "elapsed_ms"),
        ({"choice": "a", "elapsed_ms": 1.5}, "elapsed_ms"),
        ({"choice": "a", "elapsed_ms": "5"}, "elapsed_ms"),
        ({"choice": "a", "elapsed_ms": True}, "elapsed_ms"),
        ({"choice": "a", "elapsed_ms": [1]}, "elapsed_ms"),
        ({"choice": "a", "a_on_left": True}, "a_on_left"),
        ([], "non_field_errors"),
        (["a"], "non_field_errors"),
    ],
)
def test_it_names_what_is_wrong(body, field):
    assignment, client = an_assignment()

    assert_error(client.post(address(assignment.pk), body), 400, "invalid", field)
    assert not Vote.objects.exists()


def test_a_question_may_allow_fewer_choices():
    assignment, client = an_assignment()
    assignment.member.campaign.questions.update(choices=["a", "b"])

    assert_error(client.post(address(assignment.pk), {"choice": "both_bad"}), 400, "invalid", "overall")


@pytest.mark.parametrize(
    ("state", "code"), [("expired", "lease_expired"), ("skipped", "assignment_closed"), ("returned", "assignment_closed")]
)
def test_a_closed_assignment_is_refused(state, code):
    assignment, client = an_assignment(state=state)

    assert_error(client.post(address(assignment.pk), {"choice": "a"}), 409, code)


@pytest.mark.parametrize("state", ["draft", "closed"])
def test_a_campaign_that_is_over_takes_no_votes(state):
    assignment, client = an_assignment(member=MemberFactory(campaign=CampaignFactory(state=state)))

    assert_error(client.post(address(assignment.pk), {"choice": "a"}), 403, f"campaign_{state}")


def test_a_suspended_member_does_not_vote():
    assignment, client = an_assignment(member=MemberFactory(state="suspended"))

    assert_error(client.post(address(assignment.pk), {"choice": "a"}), 403, "member_suspended")


def test_it_takes_few_queries(django_assert_max_num_queries):
    assignment, client = an_assignment()

    # token, its use noted, primary question, assignment locked, questions, votes, assignment closed, votes shown;
    # and the savepoint of a test's transaction
    with django_assert_max_num_queries(8 + 2):
        assert client.post(address(assignment.pk), {"choice": "a"}).status_code == 201
