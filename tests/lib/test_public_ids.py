"""Shown numbers lead back to their ids, and tell nothing of them."""

from __future__ import annotations

import pytest
import scipy
from django.urls import resolve, reverse

from annotator.lib.public_ids import ASSIGNMENTS, LIMIT, NOBODYS, VOTES


@pytest.mark.parametrize("pk", [0, 1, 2, 41, 2**26 - 1, 2**26, 2**40 + 17, LIMIT - 1])
def test_a_shown_number_leads_back_to_its_id(pk):
    shown = ASSIGNMENTS.show(pk)

    assert ASSIGNMENTS.find(shown) == pk
    assert 0 <= shown < 2**53  # what JavaScript represents exactly


def test_a_row_has_the_same_number_always_and_another_for_each_kind_and_site(settings):
    shown = ASSIGNMENTS.show(7)
    assert ASSIGNMENTS.show(7) == shown != VOTES.show(7)
    settings.SECRET_KEY = "another"
    assert ASSIGNMENTS.show(7) != shown


def test_numbers_of_rows_that_follow_one_another_have_no_relation():
    shown = [ASSIGNMENTS.show(pk) for pk in range(1, 4001)]

    assert len(set(shown)) == 4000
    assert abs(scipy.stats.spearmanr(range(4000), shown).statistic) < 0.08  # five standard errors
    bits = [sum(number >> bit & 1 for number in shown) for bit in range(52)]
    assert all(abs(ones - 2000) < 190 for ones in bits)  # six
    buckets = [sum(number % 16 == rest for number in shown) for rest in range(16)]
    assert scipy.stats.chisquare(buckets).pvalue > 1e-6


@pytest.mark.parametrize("number", [-1, LIMIT, 2**70])
def test_a_number_out_of_range_stands_for_nothing(number):
    assert ASSIGNMENTS.find(number) == NOBODYS


def test_an_address_has_the_shown_number_and_a_view_gets_the_id():
    address = reverse("vote", args=[41])

    assert address == f"/assignments/{ASSIGNMENTS.show(41)}/vote/"
    assert resolve(address).kwargs == {"assignment_id": 41}
    assert resolve(f"/assignments/{'9' * 5000}/vote/").kwargs == {"assignment_id": NOBODYS}
