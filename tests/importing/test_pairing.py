"""Pairs at import: which there are, how often each image is in one, and with what probability each was drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from random import Random

import pytest

from annotator.importing.pairing import Edge, NewPair, connecting_pairs, pairs_of, pairs_planned


def edges(rule: str, n: int, rng: Random, pairs_per_image: int = 4) -> list[Edge]:
    return [(pair.i, pair.j) for pair in pairs_of(rule, n, rng, pairs_per_image=pairs_per_image)]


def reached(n: int, pairs: Collection[Edge]) -> set[int]:
    """The images that can be reached from image 0."""
    found = {0}
    for _ in range(n):
        found |= {image for pair in pairs if found & set(pair) for image in pair}
    return found


@pytest.mark.parametrize(
    ("rule", "n", "expected"),
    [
        ("all_pairs", 0, []),
        ("all_pairs", 1, []),
        ("all_pairs", 2, [(0, 1)]),
        ("all_pairs", 4, [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]),
        ("ring", 0, []),
        ("ring", 1, []),
        ("ring", 2, [(0, 1)]),
        ("ring", 3, [(0, 1), (0, 2), (1, 2)]),
        ("random_m", 0, []),
        ("random_m", 1, []),
        ("random_m", 3, [(0, 1), (0, 2), (1, 2)]),
        ("swiss", 2, [(0, 1)]),
        ("information_gain", 3, [(0, 1), (0, 2), (1, 2)]),
    ],
)
def test_few_images_have_only_one_way_to_be_paired(rule, n, expected):
    assert edges(rule, n, Random(1)) == expected
    assert all(pair.probability == 1 for pair in pairs_of(rule, n, Random(1), pairs_per_image=4))


def test_all_pairs_of_six_sets_of_six_images_are_ninety():
    assert sum(len(edges("all_pairs", 6, Random(seed))) for seed in range(6)) == 90


@pytest.mark.parametrize("rule", ["ring", "swiss", "information_gain"])
@pytest.mark.parametrize("n", [4, 7, 30])
def test_on_a_ring_every_image_meets_two_others_and_reaches_all(rule, n):
    pairs = edges(rule, n, Random(n))

    assert len(pairs) == len(set(pairs)) == n
    assert all(i < j for i, j in pairs)
    assert pairs == sorted(pairs)
    assert Counter(image for pair in pairs for image in pair) == dict.fromkeys(range(n), 2)
    assert reached(n, pairs) == set(range(n))


def test_a_random_design_has_each_image_as_often_as_it_is_told():
    for n in range(2, 20):
        for m in range(1, 21):
            pairs = edges("random_m", n, Random(n * 100 + m), m)
            times = Counter(image for pair in pairs for image in pair)

            assert pairs == sorted(set(pairs))
            assert len(pairs) == pairs_planned(n, m)
            assert min(times.values()) == min(m, n - 1)
            assert sum(count - min(m, n - 1) for count in times.values()) == (
                n * m % 2 if m < n - 1 else 0
            )  # one image, one more
            assert m == 1 or reached(n, pairs) == set(range(n))


@pytest.mark.parametrize("rule", ["ring", "random_m"])
def test_the_pairs_are_drawn_by_the_random_state_alone(rule):
    assert edges(rule, 12, Random("a")) == edges(rule, 12, Random("a"))
    assert len({tuple(edges(rule, 12, Random(seed))) for seed in range(20)}) > 15


@pytest.mark.parametrize(("rule", "n", "m"), [("ring", 5, 4), ("random_m", 6, 3), ("random_m", 7, 3), ("random_m", 7, 1)])
def test_each_pair_is_drawn_as_often_as_its_probability_says(rule, n, m):
    draws = 4000
    times: Counter[Edge] = Counter()
    for seed in range(draws):
        pairs = pairs_of(rule, n, Random(seed), pairs_per_image=m)
        times.update((pair.i, pair.j) for pair in pairs)
    [probability] = {pair.probability for pair in pairs}
    assert rule != "ring" or probability == 2 / (n - 1)
    assert probability == len(pairs) / (n * (n - 1) / 2)
    assert len(times) == n * (n - 1) / 2
    for count in times.values():
        assert abs(count / draws - probability) < 4.5 * (probability * (1 - probability) / draws) ** 0.5


def test_images_that_come_later_are_connected_to_those_that_were_paired_before():
    known = [(0, 1), (1, 2), (0, 2)]
    draws = 3000
    times: Counter[Edge] = Counter()
    probabilities: dict[Edge, float] = {}
    for seed in range(draws):
        pairs = pairs_of("swiss", 5, Random(seed), pairs_per_image=4, known=known, joined=[0, 1, 2])
        assert len(pairs) == 2
        assert reached(5, [*known, *((pair.i, pair.j) for pair in pairs)]) == {0, 1, 2, 3, 4}
        times.update((pair.i, pair.j) for pair in pairs)
        probabilities |= {(pair.i, pair.j): pair.probability for pair in pairs}
    assert set(times) == {(0, 3), (1, 3), (2, 3), (0, 4), (1, 4), (2, 4), (3, 4)}
    for pair, count in times.items():
        assert abs(count / draws - probabilities[pair]) < 0.04
    assert sum(probabilities.values()) == pytest.approx(2)


def test_what_is_connected_needs_no_pair():
    assert connecting_pairs(3, [(0, 1), (1, 2)], Random(1)) == []
    assert connecting_pairs(2, [], Random(1)) == [NewPair(0, 1, 1.0)]
    assert pairs_of("information_gain", 3, Random(1), pairs_per_image=4, known=[(0, 1), (1, 2)], joined=[0, 1, 2]) == []


@pytest.mark.parametrize(("n", "m", "planned"), [(8, 4, 16), (7, 3, 11), (3, 100, 3), (2, 4, 1), (1, 4, 0), (0, 4, 0)])
def test_a_rule_plans_a_pair_for_every_two_places(n, m, planned):
    assert pairs_planned(n, m) == planned


def test_it_refuses_an_unknown_rule():
    with pytest.raises(ValueError, match="knockout"):
        edges("knockout", 4, Random(1))
