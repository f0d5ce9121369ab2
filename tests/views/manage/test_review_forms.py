"""The forms of the review."""

from __future__ import annotations

import pytest

from annotator.choices import Measure
from annotator.models.reviewing import MESSAGE_LIMIT
from annotator.quality.review import RuleChange
from annotator.views.manage.review_forms import AnswerForm, RuleForm, RuleFormSet, WarnForm
from tests.factories import ReviewRuleFactory

SHARES = [measure for measure in Measure if measure not in (Measure.TRUST, Measure.RECENT_TRUST)]


def rule(measure: str, pk: int = 7):
    return ReviewRuleFactory.build(measure=measure, pk=pk, campaign=None)


@pytest.mark.parametrize("measure", Measure)
def test_a_share_is_written_in_percent_and_trust_as_it_is(measure):
    is_share = measure in SHARES
    form = RuleForm({"threshold": "45" if is_share else "-4.5", "minimum": "9", "enabled": "on"}, rule=rule(measure))

    assert form.is_valid(), form.errors
    assert form.change() == RuleChange(rule_id=7, threshold=0.45 if is_share else -4.5, minimum=9, enabled=True)


@pytest.mark.parametrize(
    ("measure", "threshold", "is_valid"),
    [
        *(
            (measure, value, is_valid)
            for measure in SHARES[:2]
            for value, is_valid in (("0", True), ("100", True), ("100.1", False))
        ),
        (Measure.TRUST, "0", True),
        (Measure.TRUST, "0.1", False),  # trust is lost below 0
        (Measure.RECENT_TRUST, "-1001", False),
        (Measure.TRUST, "nan", False),
        (Measure.TRUST, "inf", False),
    ],
)
def test_a_threshold_is_one_that_the_measure_can_reach(measure, threshold, is_valid):
    assert RuleForm({"threshold": threshold, "minimum": "9"}, rule=rule(measure)).is_valid() is is_valid


def rows(*thresholds: str, total: int | None = None):
    rules = [rule(Measure.GOLD_ACCURACY, pk=1), rule(Measure.TRUST, pk=2)]
    data = {"form-TOTAL_FORMS": str(len(thresholds) if total is None else total), "form-INITIAL_FORMS": "0"}
    for number, threshold in enumerate(thresholds):
        data |= {f"form-{number}-threshold": threshold, f"form-{number}-minimum": "9"}
    return RuleFormSet(data, rules=rules)


def test_each_row_is_of_its_rule():
    found = rows("70", "-3")

    assert found.is_valid(), found.errors
    assert [(change.rule_id, change.threshold, change.enabled) for change in found.changes()] == [(1, 0.7, False), (2, -3, False)]


def test_rows_of_other_rules_than_there_are_are_refused():
    assert not rows("70").is_valid()
    assert not rows("70", "-3", "50").is_valid()
    assert not rows("70", "-3", total=101).is_valid()
    assert not rows("-3", "70").is_valid()


@pytest.mark.parametrize(
    ("form", "data", "is_valid"),
    [
        (WarnForm, {"note": "x" * MESSAGE_LIMIT}, True),
        (WarnForm, {"note": "x" * (MESSAGE_LIMIT + 1)}, False),
        (WarnForm, {"note": " "}, False),
        (AnswerForm, {}, True),
        (AnswerForm, {"answer": "x" * (MESSAGE_LIMIT + 1)}, False),
    ],
)
def test_a_text_has_a_limit_and_a_warning_has_a_text(form, data, is_valid):
    assert form(data).is_valid() is is_valid
