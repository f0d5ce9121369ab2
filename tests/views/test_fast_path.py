"""The same answers through the fast path and through the ordinary one: what the page gets and what is stored must be equal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotator.lib import bare_requests
from annotator.views import fast_path
from tests.views.answer_cases import ODD, PLAIN
from tests.views.answer_world import World, make_world

pytestmark = pytest.mark.django_db


def both(case: Callable[[World], None]) -> tuple[bool, World, Any, World, Any]:
    """The case in two worlds that are alike, once with the fast path in front and once without; the session already known."""
    quick, slow = make_world(), make_world()
    for world in (quick, slow):
        assert fast_path._known(world.client.cookies[settings.SESSION_COOKIE_NAME].value)
        case(world)
    answer = quick.fast()
    was_fast = answer is not None
    return was_fast, quick, answer or quick.ordinary(), slow, slow.ordinary()


@pytest.mark.parametrize("case", PLAIN, ids=lambda case: case.__name__)
def test_what_is_plain_goes_the_fast_way_and_comes_out_the_same(case):
    was_fast, quick, fast, slow, ordinary = both(case)

    assert was_fast
    assert quick.in_words(fast) == slow.in_words(ordinary)
    assert quick.stored() == slow.stored()
    assert [one["code"] for one in fast[1]["answers"]] == [""] * len(quick.body["answers"])


@pytest.mark.parametrize("case", ODD, ids=lambda case: case.__name__)
def test_everything_else_is_left_to_the_ordinary_way(case):
    was_fast, quick, fast, slow, ordinary = both(case)

    assert not was_fast
    assert quick.in_words(fast) == slow.in_words(ordinary)
    assert quick.stored() == slow.stored()


def test_a_vote_and_the_next_pairs_are_one_statement():
    world = make_world()
    world.fast()
    world.answer(1)

    with CaptureQueriesContext(connection) as captured:
        status, data = world.fast()

    assert (status, len(data["queue"])) == (200, 3)
    assert len(captured) == 1, [query["sql"] for query in captured]


def test_answers_are_guarded_by_the_same_headers_as_pages():
    world = make_world()
    page = world.client.get("/answers/")

    common = dict(bare_requests.headers_of(""))

    for name in ("Content-Security-Policy", "Permissions-Policy", "X-Frame-Options", "X-Content-Type-Options", "Referrer-Policy"):
        assert common[name.lower().encode()] == page.headers[name].encode()


def test_the_queue_is_filled_again_when_several_answers_at_once_run_it_low(monkeypatch):
    asked = []
    monkeypatch.setattr(fast_path.tasks, "enqueue", lambda task, *arguments: asked.append(arguments))
    world = make_world()
    for start in (0, 3):
        world.answer(*range(start, start + 3))
        assert world.fast()

    assert asked == [(world.member.pk,)]


@pytest.mark.parametrize(
    ("cookie", "asked", "words"), [("de", "fr", "Gespeichert"), ("", "de-CH", "Gespeichert"), ("", "", "Recorded")]
)
def test_its_words_are_in_the_language_of_the_page(cookie, asked, words):
    world = make_world()
    world.answer(0)
    assert fast_path._known(world.client.cookies[settings.SESSION_COOKIE_NAME].value)
    world.headers |= {"accept-language": asked}
    if cookie:
        world.client.cookies[settings.LANGUAGE_COOKIE_NAME] = cookie

    answer = world.fast()

    assert answer is not None
    assert words in answer[1]["message"]
