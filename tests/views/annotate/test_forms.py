"""What the annotation page posts."""

from __future__ import annotations

import pytest

from annotator.errors import Invalid
from annotator.judging.voting import COMMENT_LIMIT, ELAPSED_MS_LIMIT, FLAG_NOTE_LIMIT
from annotator.views.annotate.forms import AppealForm, FlagForm, VoteForm, WithdrawForm
from annotator.views.form_input import require_valid, whole_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("42", 42),
        ("007", 7),
        ("9" * 18, 10**18 - 1),
        ("9" * 19, None),
        ("", None),
        ("-1", None),
        ("1.0", None),
        (" 1", None),
        ("٣", None),
        ("²", None),
        (None, None),
        (7, None),
    ],
)
def test_a_whole_number_is_plain_digits_that_the_database_can_hold(text, number):
    assert whole_number(text) == number


@pytest.mark.parametrize(
    ("elapsed", "kept"),
    [("1200", 1200), (str(ELAPSED_MS_LIMIT), ELAPSED_MS_LIMIT), (str(ELAPSED_MS_LIMIT + 1), None), ("soon", None), ("", None)],
)
def test_a_time_that_cannot_be_is_dropped_and_the_vote_stays_valid(elapsed, kept):
    form = VoteForm({"choice": "a", "elapsed_ms": elapsed})

    assert form.is_valid()
    assert form.cleaned_data["elapsed_ms"] == kept


@pytest.mark.parametrize(
    ("conditions", "kept"),
    [
        ('{"prompt": "folded"}', {"prompt": "folded"}),
        ("{}", {}),
        ("", None),
        ("null", None),
        ("{", None),
        ("[]", None),
        ("[" * 400, None),
        ('{"prompt": "torn"}', None),
        ('{"zoom": NaN}', None),
    ],
)
def test_conditions_that_cannot_be_are_dropped_and_the_vote_stays_valid(conditions, kept):
    form = VoteForm({"choice": "a", "conditions": conditions})

    assert form.is_valid()
    assert form.cleaned_data["conditions"] == kept


def test_a_lone_choice_answers_the_question_it_names_or_the_primary_one():
    def choices(**data: str) -> dict[str, str]:
        form = VoteForm(data)
        assert form.is_valid(), form.errors
        return form.choices()

    assert choices(choice="a") == {"": "a"}
    assert choices(choice="both_bad", question="style") == {"style": "both_bad"}
    assert choices(choice_overall="a", choice_style="b") == {"overall": "a", "style": "b"}
    assert choices(choice="b", choice_style="a") == {"": "b"}
    assert choices() == {}


@pytest.mark.parametrize(
    ("form", "data", "field"),
    [
        (VoteForm, {"choice": "left"}, "choice"),
        (VoteForm, {"choice": "a", "question": "no slug!"}, "question"),
        (VoteForm, {"choice": "a", "comment": "x" * (COMMENT_LIMIT + 1)}, "comment"),
        (FlagForm, {"reason": "ugly"}, "reason"),
        (FlagForm, {}, "reason"),
        (FlagForm, {"reason": "unsafe", "note": "x" * (FLAG_NOTE_LIMIT + 1)}, "note"),
        (AppealForm, {"message": " "}, "message"),
        (WithdrawForm, {}, "is_sure"),
    ],
)
def test_what_the_page_never_posts_is_refused_by_its_field(form, data, field):
    with pytest.raises(Invalid) as error:
        require_valid(form(data), "That cannot be.")

    assert set(error.value.errors) == {field}
    assert error.value.detail == "That cannot be."
    assert all(isinstance(message, str) for message in error.value.errors[field])


def test_what_the_page_posts_is_accepted():
    require_valid(VoteForm({"choice": "a", "comment": "x" * COMMENT_LIMIT}), "That cannot be.")
    require_valid(FlagForm({"reason": "unsafe"}), "That cannot be.")
