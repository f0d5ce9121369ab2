"""Groups are told of only where nobody can be made out, by looking or by subtracting."""

from __future__ import annotations

import itertools

import pytest

from annotator.models import SelfDescription
from annotator.scoring.statistics import compute_statistics, statistics_of
from annotator.scoring.statistics.groups import groups_shown
from tests.factories import CampaignFactory, GroupQuestionFactory, MemberFactory, PairFactory, SelfDescriptionFactory
from tests.released import vote


@pytest.mark.parametrize(
    ("people", "others", "shown"),
    [
        ([5, 5, 5], 0, [0, 1, 2]),
        ([4, 9, 8], 0, [1]),  # one is too small, so the next smallest goes with it
        ([4, 9, 8], 50, [1]),
        ([4, 4, 9], 0, [2]),  # the two together hide each other
        ([1, 1, 9, 7], 0, [2]),  # two hidden are not enough people yet
        ([1, 1, 9, 7], 3, [2, 3]),
        ([9, 8], 2, [0]),  # those who said nothing would be had by subtraction
        ([9, 8], 5, [0, 1]),
        ([9, 0, 8], 0, [0, 2]),  # nobody is nobody
        ([4, 9], 0, []),
        ([4], 0, []),
        ([], 7, []),
    ],
)
def test_which_are_shown(people, others, shown):
    assert groups_shown(people, others=others, people_min=5) == shown


def test_what_is_left_is_never_a_few_people_nor_one_small_group():
    for people in itertools.product(range(8), repeat=3):
        for others in range(7):
            shown = groups_shown(people, others=others, people_min=5)
            hidden = [its for code, its in enumerate(people) if its and code not in shown]
            assert all(people[code] >= 5 for code in shown)
            if shown:
                assert len(hidden) != 1 or hidden[0] >= 5
                assert sum(hidden) + others == 0 or sum(hidden) + others >= 5


@pytest.fixture
def campaign(transactional_db):  # what is read through Arrow is what is committed
    return CampaignFactory()


def describe(campaign, option: str | None, count: int) -> list:
    members = MemberFactory.create_batch(count, campaign=campaign)
    for member in members:
        if option is not None:
            SelfDescriptionFactory(member=member, option=option)
    return members


def groups(campaign) -> dict | None:
    compute_statistics(campaign=campaign)
    return statistics_of(campaign)["groups"]


def test_without_a_question_there_are_none(campaign):
    for member in describe(campaign, "never", 9):
        vote(PairFactory(campaign=campaign), "a", member=member)
    assert groups(campaign) is None


def test_their_numbers(campaign):
    GroupQuestionFactory(campaign=campaign, people_min=3)
    never, often = describe(campaign, "never", 3), describe(campaign, "often", 3)
    pair, other = PairFactory(campaign=campaign), PairFactory(campaign=campaign)
    for member in never:
        vote(pair, "a", member=member)
        vote(other, "both_bad", member=member)
    for member, choice in zip(often, "aab", strict=True):
        vote(pair, choice, member=member)
    result = groups(campaign)
    assert (result["people_min"], result["suppressed"]) == (3, 1)  # nobody said "sometimes"
    first, second = result["groups"]
    assert (first["group"], first["people"], first["votes"]) == ("never", 3, 6)
    assert (first["both_bad"]["k"], first["both_bad"]["n"]) == (3, 6)
    # Without them the first pair is an a, and the second has no label.
    assert (first["with_the_others"]["k"], first["with_the_others"]["n"]) == (3, 3)
    assert (second["group"], second["with_the_others"]["k"], second["with_the_others"]["n"]) == ("often", 2, 3)


def test_small_groups_are_left_out_with_another_and_nothing_names_them(campaign):
    GroupQuestionFactory(campaign=campaign)
    for option, count in (("never", 2), ("sometimes", 6), ("often", 7)):
        for member in describe(campaign, option, count):
            vote(PairFactory(campaign=campaign), "a", member=member)
    result = groups(campaign)
    assert [group["group"] for group in result["groups"]] == ["often"]
    assert result["suppressed"] == 2


def test_only_people_who_voted_make_a_group(campaign):
    GroupQuestionFactory(campaign=campaign)
    describe(campaign, "never", 9)
    assert groups(campaign)["groups"] == []


def test_an_answer_that_is_taken_back_counts_no_longer(campaign):
    GroupQuestionFactory(campaign=campaign, options=["never", "often"])
    for option in ("never", "often"):
        for member in describe(campaign, option, 5):
            vote(PairFactory(campaign=campaign), "a", member=member)
    assert len(groups(campaign)["groups"]) == 2
    SelfDescription.objects.filter(option="never").first().delete()
    assert groups(campaign)["groups"] == []
