"""Near-duplicate prompts: exactly those whose shingles overlap enough, found without comparing all with all."""

from __future__ import annotations

import itertools
from random import Random

import pytest

from annotator.scoring.statistics.near_duplicates import SIMILARITY, jaccard, near_duplicates, normalised

WORDS = [
    *("red", "blue", "glass", "wooden", "small", "giant", "cube", "sphere", "castle", "river", "owl", "dancer", "robot"),
    *("under", "beside", "above", "misty", "dawn", "neon", "paper", "city", "forest", "portrait", "still", "life", "of"),
    *("watercolour", "photograph", "a", "the", "with", "and", "soft", "harsh", "light"),
]


def text_of(rng: Random, words: int) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(words))


def by_comparing_all(texts: list[str]) -> list[tuple[int, int]]:
    plain = [normalised(text) for text in texts]
    return [(i, j) for i, j in itertools.combinations(range(len(texts)), 2) if jaccard(plain[i], plain[j]) >= SIMILARITY]


def test_it_finds_what_comparing_all_with_all_finds():
    rng = Random(5)
    texts = [text_of(rng, 12) for _ in range(120)]
    for text in rng.sample(texts, 40):
        words = text.split()
        words[rng.randrange(len(words))] = rng.choice(WORDS)
        texts.append(" ".join(words))
    rng.shuffle(texts)
    expected = by_comparing_all(texts)
    assert len(expected) > 15
    group_of = {place: number for number, group in enumerate(near_duplicates(texts)) for place in group}
    assert group_of.keys() == {place for pair in expected for place in pair}
    assert all(group_of[one] == group_of[other] for one, other in expected)


def test_case_marks_and_spaces_make_no_difference():
    assert near_duplicates(["An OWL, at  dawn!", "an owl at dawn", "A dancer on a neon river"]) == [[0, 1]]


def test_groups_hang_together_and_the_largest_come_first():
    texts = ["a misty river at dawn"] * 3 + ["a robot under a glass castle"] * 2 + ["something else altogether"]
    assert near_duplicates(texts) == [[0, 1, 2], [3, 4]]


def test_many_copies_of_one_text_are_one_group():
    assert near_duplicates(["the same words again"] * 500) == [list(range(500))]


@pytest.mark.parametrize("texts", [[], ["alone"], ["", "x"], ["日本の城と川", "A castle"]])
def test_nothing_is_near_nothing(texts):
    assert near_duplicates(texts) == []


def test_texts_without_spaces_are_compared_too():
    assert near_duplicates(
        ["朝の霧の中にある日本の古い城と静かな川、水彩画", "朝の霧の中にある日本の古い城と静かな川。水彩画"]
    ) == [[0, 1]]
