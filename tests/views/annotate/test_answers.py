"""Answers as the page's script sends them: what is read of them, and what each is refused with. The way of a good answer, through
the fast path and the ordinary one, is in tests/views/test_fast_path.py."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from annotator.errors import Invalid
from annotator.judging.vote_writer import ELAPSED_MS_LIMIT
from annotator.lib.public_ids import ASSIGNMENTS, MEMBERS
from annotator.models import Vote
from annotator.views.annotate.answers import ANSWERS_LIMIT, read_answers
from tests.factories import MemberFactory
from tests.views.annotate.pages import open_page

ONE = {"assignment": 5, "choices": {"overall": "a"}}


def body_of(*answers, **more):
    return json.dumps({"answers": list(answers), **more}).encode()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "not valid JSON"),
        (b'"\xff"', "not valid JSON"),
        (b"[]", "must be a JSON object"),
        (b"{}", f"1 to {ANSWERS_LIMIT} answers"),
        (body_of(), f"1 to {ANSWERS_LIMIT} answers"),
        (body_of(*[ONE] * 51), f"1 to {ANSWERS_LIMIT} answers"),
        (body_of(7), "Answer 1 must be an object"),
        (body_of({**ONE, "assignment": "5"}), "Answer 1 must be an object"),
        (body_of({**ONE, "assignment": 2**60}), "Answer 1 must be an object"),
        (body_of(ONE, {**ONE, "assignment": 6, "choices": ["a"]}), "Answer 2: `choices`"),
        (body_of({**ONE, "choices": {"overall": 1}}), "Answer 1: `choices`"),
        (body_of({**ONE, "choices": {"over\0all": "a"}}), "Answer 1: `choices`"),
        (body_of({**ONE, "comment": "a\0b"}), "Answer 1: `comment`"),
        (body_of({**ONE, "comment": "\ud800"}), "Answer 1: `comment`"),
        (body_of(ONE, ONE), "Answer 2 is for the same assignment"),
    ],
)
def test_a_body_that_is_none_says_which_part_is_wrong(content, words):
    with pytest.raises(Invalid, match=words):
        read_answers(content)


@pytest.mark.parametrize("time", [-1, ELAPSED_MS_LIMIT + 1, 1.5, "900", True, None])
def test_a_time_that_cannot_be_costs_the_time_and_not_the_answer(time):
    (answer,) = read_answers(body_of({**ONE, "elapsed_ms": time})).answers.values()

    assert answer.elapsed_ms is None


@pytest.mark.parametrize("conditions", [[], "touch", {"input": "telepathy"}, {"zoom": float("inf")}])
def test_conditions_that_cannot_be_cost_the_conditions_and_not_the_answer(conditions):
    (answer,) = read_answers(body_of({**ONE, "conditions": conditions})).answers.values()

    assert answer.conditions is None


@pytest.mark.parametrize("held", [None, "1,2", [-1, "x", 2.5, None, [1]], list(range(1000))])
def test_whatever_the_page_says_that_it_holds_is_no_error(held):
    assert read_answers(body_of(ONE, have=held, unsent="many", notice=[], member={})).answers


@pytest.mark.django_db
def test_each_answer_has_an_outcome_of_its_own(browser, member):
    good = open_page(browser, member)
    lost = {"assignment": 12345, "choices": {"overall": "a"}}
    content = body_of(lost, {"assignment": ASSIGNMENTS.show(good.pk), "choices": {"overall": "b"}})

    response = browser.post("/answers/", content, content_type="application/json")

    assert [one["code"] for one in response.json()["answers"]] == ["not_found", ""]
    assert Vote.objects.get().choice == "b"


@pytest.mark.django_db
def test_a_body_that_is_none_is_refused_as_data(browser):
    response = browser.post("/answers/", b"{", content_type="application/json")

    assert (response.status_code, response.json()) == (400, {"code": "invalid", "detail": "The body is not valid JSON."})


@pytest.mark.django_db
def test_what_is_refused_as_a_whole_says_by_a_code_why(browser, member):
    """So that the page tells it from the answer of a proxy."""
    other = MemberFactory(campaign=member.campaign)

    def error(**more):
        response = browser.post("/answers/", body_of(ONE, **more), content_type="application/json")
        return response.status_code, response["X-Refusal"], response.json()["code"]

    assert error(member=MEMBERS.show(other.pk)) == (403, "other_account", "other_account")
    assert error(member=MEMBERS.show(other.pk + 1)) == (404, "not_found", "not_found")  # after a restore of a backup
    without_token = Client(enforce_csrf_checks=True)
    without_token.force_login(member.user)
    response = without_token.post("/answers/", body_of(ONE), content_type="application/json")
    assert (response.status_code, response["X-Refusal"]) == (403, "csrf_failed")


@pytest.mark.django_db
def test_a_script_without_a_session_is_told_so(client):
    response = client.post("/answers/", body_of(ONE), content_type="application/json", headers={"Sec-Fetch-Mode": "cors"})

    assert (response.status_code, response["X-Refusal"]) == (401, "logged_out")
