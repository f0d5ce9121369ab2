"""What the votes of a campaign tell about how many more there should be."""

from __future__ import annotations

import pytest

from annotator.models import Campaign, Pair
from annotator.scoring.statistics import compute_statistics, statistics_of
from annotator.scoring.statistics.load import empty
from annotator.scoring.statistics.planning import planning_of
from tests.factories import GeneratorFactory, ImageFactory, MemberFactory, PairFactory, PromptFactory
from tests.released import vote

pytestmark = pytest.mark.django_db(transaction=True)  # what is read through Arrow is what is committed


def judged(campaign: Campaign, choices: list[str]) -> list[Pair]:
    """A pair of the same two generators for each text of choices, all by the same people."""
    Campaign.objects.filter(pk=campaign.pk).update(votes_wanted=4, votes_max=5)
    makers = [GeneratorFactory(campaign=campaign, name=name) for name in ("Aurora", "Brook")]
    people = MemberFactory.create_batch(max(map(len, choices)), campaign=campaign)
    pairs = []
    for said in choices:
        prompt = PromptFactory(campaign=campaign)
        one, other = (ImageFactory(prompt=prompt, generator=maker) for maker in makers)
        pairs.append(PairFactory(campaign=campaign, prompt=prompt, image_a=one, image_b=other, votes_wanted=4))
        for member, choice in zip(people, said, strict=False):
            vote(pairs[-1], {"a": "a", "b": "b", "x": "both_bad"}[choice], member=member)
    compute_statistics(campaign=campaign)
    return pairs


def test_pairs_that_differ_are_told_from_people_who_differ(campaign: Campaign) -> None:
    judged(campaign, ["aaaa", "bbbb"] * 8 + ["aaab", "bbba"])
    found = statistics_of(campaign)["planning"]
    assert (found["votes"], found["pairs"], found["prompts"], found["generators"], found["people"]) == (72, 18, 18, 2, 4)
    assert found["pair_share"] == pytest.approx((108 * 0.93 + 150 * 0.19) / 258, abs=0.02)  # a hundred pairs of votes are few
    assert found["agreement"] == pytest.approx((16 * 6 + 2 * 3) / (18 * 6), abs=1e-6)
    assert found["information"] == pytest.approx(0.25)
    assert "pair_share" not in found["assumed"]


def test_people_who_differ_on_every_pair(campaign: Campaign) -> None:
    judged(campaign, ["abab", "baba", "abba"] * 6)
    assert statistics_of(campaign)["planning"]["pair_share"] == 0


def test_votes_asked_for_because_of_others_are_not_estimated_from(campaign: Campaign) -> None:
    pairs = judged(campaign, ["aaaa", "bbbb"] * 10)
    before = statistics_of(campaign)["planning"]
    for pair in pairs[:10]:
        vote(pair, "b", member=MemberFactory(campaign=campaign))
        Pair.objects.filter(pk=pair.pk).update(votes_wanted=5)
    compute_statistics(campaign=campaign)
    after = statistics_of(campaign)["planning"]
    assert after["votes"] == before["votes"] + 10
    assert {name: after[name] for name in ("pair_share", "information", "agreement")} == {
        name: before[name] for name in ("pair_share", "information", "agreement")
    }


def test_few_votes_tell_little_and_none_nothing(campaign: Campaign) -> None:
    assert planning_of(empty()) is None
    assert statistics_of(campaign)["planning"] is None
    judged(campaign, ["ab", "ba"])
    found = statistics_of(campaign)["planning"]
    assert set(found["assumed"]) == {"pair_share", "taste_share", "agreement"}
    assert (found["pair_share"], found["agreement"]) == (0.19, 0.64)


def test_images_of_unknown_generators_compare_nothing(campaign: Campaign) -> None:
    pair = PairFactory(campaign=campaign)
    for choice in ("a", "b"):
        vote(pair, choice, member=MemberFactory(campaign=campaign))
    compute_statistics(campaign=campaign)
    assert statistics_of(campaign)["planning"] is None
