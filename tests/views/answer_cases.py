"""What can happen between the annotation page and its answer, for tests/views/test_fast_path.py."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

from annotator.campaigns import consent, guidelines
from annotator.choices import Choice, GoldUse
from annotator.judging import voting
from annotator.judging.undo import undo_act
from annotator.lib.public_ids import ASSIGNMENTS, NOTICES
from annotator.models import Assignment
from annotator.quality import moderation
from tests.factories import PairFactory, QuestionFactory
from tests.views.answer_world import World, change, make_world


def session_of(world: World) -> QuerySet[Session]:
    return Session.objects.filter(pk=world.client.cookies[settings.SESSION_COOKIE_NAME].value)


def nothing(world: World) -> None:
    pass


def three_answers(world: World) -> None:
    world.answer(0, 1, 2)


def answers_in_another_order(world: World) -> None:
    world.answer(2, 0)


def a_comment(world: World) -> None:
    world.answer(0, comment="Both hands have six fingers. 手")


def no_time(world: World) -> None:
    world.answer(0, elapsed_ms=None)


def a_time_before_it_was_shown(world: World) -> None:
    world.answer(0, elapsed_ms=3600_000)


def a_time_that_is_none(world: World) -> None:
    world.answer(0, elapsed_ms="soon")


def conditions(world: World) -> None:
    world.answer(0, conditions={"input": "touch", "prompt": "folded", "left": [300, 300], "zoom": 2.5, "views": ["flicker"]})


def two_questions(world: World) -> None:
    QuestionFactory(campaign=world.member.campaign, slug="beauty", position=1, choices=["a", "b"])
    world.answer(0, choices={"overall": "a", "beauty": "b"})


def a_request_id(world: World) -> None:
    world.headers["x-request-id"] = "mine-1"


def the_site_s_own_origin(world: World) -> None:
    world.headers["origin"] = "http://testserver"


def cards_that_the_page_lacks(world: World) -> None:
    world.body["have"] = []


def a_limit_that_is_far(world: World) -> None:
    change(world.member.campaign, limit_per_day=50, limit_total=50)


def a_vote_before(world: World) -> None:
    voting.cast_vote(assignment_id=world.seats[5].pk, by=world.member.user, choices={"overall": "b"})


def a_notice_that_the_page_shows(world: World) -> None:
    action = moderation.warn_member(member=world.member, by=None)
    world.body["notice"] = NOTICES.show(action.pk)


def undone_before(world: World) -> None:
    a_vote_before(world)
    undo_act(assignment_id=world.seats[5].pk, by=world.member.user)


PLAIN = [
    *(nothing, three_answers, answers_in_another_order, a_comment, no_time, a_time_before_it_was_shown, a_time_that_is_none),
    conditions,
    *(two_questions, a_request_id, the_site_s_own_origin, cards_that_the_page_lacks, a_limit_that_is_far, a_vote_before),
    *(a_notice_that_the_page_shows, undone_before),
]


def the_same_answer_again(world: World) -> None:
    voting.cast_vote(assignment_id=world.seats[0].pk, by=world.member.user, choices={"overall": "a"}, elapsed_ms=900)


def another_answer(world: World) -> None:
    voting.cast_vote(assignment_id=world.seats[0].pk, by=world.member.user, choices={"overall": "b"})


def one_of_three_answered_otherwise(world: World) -> None:
    another_answer(world)
    world.answer(2, 0, 1)


def an_unknown_choice(world: World) -> None:
    world.answer(0, choices={"overall": "c"})


def an_unknown_question(world: World) -> None:
    world.answer(0, choices={"overall": "a", "size": "a"})


def no_choice(world: World) -> None:
    world.answer(0, choices={})


def one_question_of_two(world: World) -> None:
    two_questions(world)
    world.answer(0)


def a_long_comment(world: World) -> None:
    world.answer(0, comment="x" * 2001)


def too_soon_to_have_seen_it(world: World) -> None:
    world.answer(0, elapsed_ms=5)


def one_of_three_too_soon(world: World) -> None:
    world.answer(0, 1, 2)
    world.body["answers"][1]["elapsed_ms"] = 5


def an_assignment_of_somebody_else(world: World) -> None:
    world.body["answers"][0]["assignment"] = ASSIGNMENTS.show(make_world().seats[0].pk)


def one_of_somebody_else_among_mine(world: World) -> None:
    world.answer(0, 1)
    world.body["answers"][1]["assignment"] = ASSIGNMENTS.show(make_world().seats[0].pk)


def an_assignment_that_never_was(world: World) -> None:
    world.body["answers"][0]["assignment"] = 12345


def neither_assignment_nor_member(world: World) -> None:
    an_assignment_that_never_was(world)
    del world.body["member"]


def a_lease_that_ran_out(world: World) -> None:
    change(world.seats[0], lease_expires_at=timezone.now() - timedelta(seconds=1))


def skipped(world: World) -> None:
    voting.skip_assignment(assignment_id=world.seats[0].pk, by=world.member.user)


def flagged(world: World) -> None:
    voting.flag_assignment(assignment_id=world.seats[0].pk, by=world.member.user, reason="broken_image")


def suspended(world: World) -> None:
    moderation.suspend_member(member=world.member, by=None)


def paused(world: World) -> None:
    moderation.pause_member(member=world.member, by=None)


def a_draft(world: World) -> None:
    change(world.member.campaign, state="draft")


def a_paused_campaign(world: World) -> None:
    change(world.member.campaign, state="paused")


def a_closed_campaign(world: World) -> None:
    change(world.member.campaign, state="closed")


def a_new_guideline(world: World) -> None:
    guidelines.publish_guideline(campaign=world.member.campaign, text="Look at the hands.", by=None)


def a_new_consent_text(world: World) -> None:
    consent.publish_consent_text(campaign=world.member.campaign, text="We keep your votes.", by=None)


def training_is_due(world: World) -> None:
    change(world.member.campaign, training_pairs=1)
    PairFactory(campaign=world.member.campaign, gold_choice=Choice.A, gold_use=GoldUse.TRAINING)


def a_limit_that_is_reached(world: World) -> None:
    change(world.member.campaign, limit_total=1)


def a_notice(world: World) -> None:
    moderation.warn_member(member=world.member, by=None)


def the_last_pair(world: World) -> None:
    Assignment.objects.filter(member=world.member).exclude(pk=world.seats[0].pk).update(state="skipped", closed_at=timezone.now())
    world.member.campaign.pairs.exclude(pk=world.seats[0].pair_id).update(state="held")


def more_answers_than_the_page_sends(world: World) -> None:
    world.body["answers"] *= 51


def twice_the_same_assignment(world: World) -> None:
    world.body["answers"] *= 2


def no_json(world: World) -> None:
    world.content = b"{answers"


def not_utf_8(world: World) -> None:
    world.content = b'{"answers": "\xff"}'


def a_null_character(world: World) -> None:
    world.answer(0, comment="a\0b")


def half_a_character(world: World) -> None:
    world.answer(0, comment="a\ud800b")


def choices_that_are_no_object(world: World) -> None:
    world.answer(0, choices=["a"])


def no_csrf_token(world: World) -> None:
    del world.headers["x-csrftoken"]


def a_wrong_csrf_token(world: World) -> None:
    world.headers["x-csrftoken"] = "x" * 32


def another_origin(world: World) -> None:
    world.headers["origin"] = "http://evil.example"


def another_host(world: World) -> None:
    world.headers["host"] = "evil.example"


def no_session(world: World) -> None:
    del world.client.cookies[settings.SESSION_COOKIE_NAME]


def logged_out_elsewhere(world: World) -> None:
    session_of(world).delete()
    world.client.session.flush()


def a_session_that_ended(world: World) -> None:
    session_of(world).update(expire_date=timezone.now() - timedelta(seconds=1))
    world.client.session.flush()


def a_new_password(world: World) -> None:
    world.member.user.set_password("a new one, and a long one")
    world.member.user.save()


def deactivated(world: World) -> None:
    change(world.member.user, is_active=False)


ODD = [
    *(the_same_answer_again, another_answer, one_of_three_answered_otherwise, an_unknown_choice, an_unknown_question, no_choice),
    *(
        one_question_of_two,
        too_soon_to_have_seen_it,
        one_of_three_too_soon,
        a_long_comment,
        an_assignment_of_somebody_else,
        one_of_somebody_else_among_mine,
    ),
    *(an_assignment_that_never_was, neither_assignment_nor_member, a_lease_that_ran_out, skipped, flagged, suspended, paused),
    *(a_draft, a_paused_campaign, a_closed_campaign),
    *(a_new_guideline, a_new_consent_text, training_is_due, a_limit_that_is_reached, a_notice, the_last_pair),
    *(more_answers_than_the_page_sends, twice_the_same_assignment, no_json, not_utf_8, a_null_character, half_a_character),
    *(choices_that_are_no_object, no_csrf_token, a_wrong_csrf_token, another_origin, another_host, no_session),
    *(logged_out_elsewhere, a_session_that_ended, a_new_password, deactivated),
]
