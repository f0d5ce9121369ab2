"""What a campaign asks about each pair."""

from __future__ import annotations

import pytest

from annotator.campaigns.questions import QUESTIONS_LIMIT, NewQuestion, set_questions
from annotator.choices import CampaignState
from annotator.errors import Conflict, Invalid
from annotator.models import Campaign, Pair
from tests.factories import CampaignFactory, PairFactory, QuestionFactory, VoteFactory

pytestmark = pytest.mark.django_db

OVERALL, STYLE, PROMPT = (NewQuestion(slug, f"Which has the better {slug}?") for slug in ("overall", "style", "prompt"))


@pytest.fixture
def draft() -> Campaign:
    campaign = CampaignFactory(state=CampaignState.DRAFT, question=None)
    for position, slug in enumerate(["overall", "style"]):
        QuestionFactory(campaign=campaign, slug=slug, position=position)
    return campaign


def asked(campaign: Campaign) -> list[str]:
    return list(campaign.questions.order_by("position").values_list("slug", flat=True))


def test_questions_change_places_and_keep_their_rows(draft):
    before = dict(draft.questions.values_list("slug", "pk"))

    set_questions(campaign=draft, questions=[STYLE, PROMPT, OVERALL], by=None)

    assert list(draft.questions.order_by("position").values_list("slug", "position")) == [
        ("style", 0),
        ("prompt", 1),
        ("overall", 2),
    ]
    after = dict(draft.questions.values_list("slug", "pk"))
    assert {slug: after[slug] for slug in before} == before


def test_choices_are_kept_in_one_order_however_they_are_given(draft):
    set_questions(campaign=draft, questions=[OVERALL._replace(choices=("both_bad", "b", "a"))], by=None)

    assert draft.questions.get().choices == ["a", "b", "both_bad"]


@pytest.mark.parametrize(
    ("questions", "field"),
    [
        ([], "text"),
        ([NewQuestion(f"q{n}", "Which?") for n in range(QUESTIONS_LIMIT + 1)], "text"),
        ([OVERALL, STYLE, OVERALL], "slug"),
        ([NewQuestion("Overall", "Which?")], "slug"),
        ([NewQuestion("overall", "")], "text"),
        ([NewQuestion("overall", "Which?", ("a", "both_bad"))], "__all__"),  # b has to stay possible
    ],
)
def test_questions_that_cannot_be_asked_change_nothing(draft, questions, field):
    with pytest.raises(Invalid) as error:
        set_questions(campaign=draft, questions=questions, by=None)

    assert field in error.value.errors
    assert asked(draft) == ["overall", "style"]


def test_as_many_questions_as_the_limit_are_asked(draft):
    slugs = [f"q{n}" for n in range(QUESTIONS_LIMIT)]

    set_questions(campaign=draft, questions=[NewQuestion(slug, "Which?") for slug in slugs], by=None)

    assert asked(draft) == slugs


@pytest.mark.parametrize(
    "questions",
    [[STYLE, OVERALL], [OVERALL], [OVERALL, STYLE, PROMPT], [OVERALL, STYLE._replace(choices=("a", "b"))], [PROMPT, STYLE]],
    ids=["order", "fewer", "more", "choices", "another"],
)
@pytest.mark.parametrize("state", [CampaignState.OPEN, CampaignState.PAUSED, CampaignState.CLOSED])
def test_after_the_first_vote_only_the_wording_changes(draft, state, questions):
    Campaign.objects.update(state=state)
    VoteFactory(assignment__member__campaign=draft)

    with pytest.raises(Conflict) as error:
        set_questions(campaign=draft, questions=questions, by=None)
    assert error.value.code == "questions_fixed"
    set_questions(campaign=draft, questions=[OVERALL._replace(text="Which one?"), STYLE], by=None)

    assert list(draft.questions.order_by("position").values_list("slug", "text")) == [
        ("overall", "Which one?"),
        ("style", STYLE.text),
    ]


@pytest.mark.parametrize("state", CampaignState.values)
def test_before_the_first_vote_all_of_it_changes(draft, state):
    Campaign.objects.update(state=state)

    set_questions(campaign=draft, questions=[PROMPT, OVERALL._replace(choices=("a", "b"))], by=None)

    assert asked(draft) == ["prompt", "overall"]


def test_a_known_answer_stays_possible(draft):
    PairFactory(campaign=draft, gold_choice="both_bad")
    without_ties = OVERALL._replace(choices=("a", "b"))

    with pytest.raises(Invalid, match="known answer 'both_bad'"):
        set_questions(campaign=draft, questions=[without_ties], by=None)
    Pair.objects.update(gold_choice="a")
    set_questions(campaign=draft, questions=[without_ties], by=None)

    assert draft.questions.get().choices == ["a", "b"]
