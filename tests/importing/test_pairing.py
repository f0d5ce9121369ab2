from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from annotator.importing.pairing import pairs_of


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
    ],
)
def test_few_images_have_only_one_way_to_be_paired(rule, n, expected):
    assert pairs_of(rule, n, Random(1)) == expected


def test_all_pairs_of_six_sets_of_six_images_are_ninety():
    assert sum(len(pairs_of("all_pairs", 6, Random(seed))) for seed in range(6)) == 90


@pytest.mark.parametrize("n", [4, 7, 30])
def test_on_a_ring_every_image_meets_two_others_and_reaches_all(n):
    pairs = pairs_of("ring", n, Random(n))

    assert len(pairs) == len(set(pairs)) == n
    assert all(i < j for i, j in pairs)
    assert pairs == sorted(pairs)
    assert Counter(image for pair in pairs for image in pair) == dict.fromkeys(range(n), 2)
    reached = {0}
    for _ in range(n):
        reached |= {image for pair in pairs if reached & set(pair) for image in pair}
    assert reached == set(range(n))


def test_the_ring_is_drawn_by_the_random_state_alone():
    assert pairs_of("ring", 12, Random("a")) == pairs_of("ring", 12, Random("a"))
    assert len({tuple(pairs_of("ring", 12, Random(seed))) for seed in range(20)}) > 15


def test_it_refuses_an_unknown_rule():
    with pytest.raises(ValueError, match="swiss"):
        pairs_of("swiss", 4, Random(1))
