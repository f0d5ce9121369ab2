"""Possible taste groups in the document of statistics: their people by public_id, and nothing where there is one taste."""

from __future__ import annotations

import numpy as np
import pytest

from annotator.scoring.statistics import schema as doc
from annotator.scoring.statistics.load import empty
from annotator.scoring.statistics.taste_groups import tastes_of
from tests.consensus.test_tastes import crowd


class Data:
    """The columns that tastes are computed from."""

    def __init__(self, groups: list[tuple[int, float, float]], *, seed: int = 1) -> None:
        member, pair, choice, self.group_of_member = crowd(seed, groups)
        self.members = [f"public-{at}" for at in range(len(self.group_of_member))]
        self.pairs = range(int(pair.max()) + 1)
        self.counted = type("Votes", (), {"member": member.astype(np.int32), "pair": pair, "choice": choice.astype(np.int16)})


def test_groups_have_sizes_pseudonyms_and_how_often_they_agree():
    data = Data([(12, 0.85, 0.0), (8, 0.85, 0.5)])

    found = tastes_of(data)

    assert (found.compared, found.p_value, found.in_none) == (20, 0.005, 0)
    assert [group.people for group in found.groups] == [12, 8]
    assert found.groups[1].annotators == [f"public-{at}" for at in range(12, 20)]
    assert found.groups[0].agreement_within > 0.7 > found.groups[0].agreement_with_others
    assert found.groups[0].agreement_with_others == found.groups[1].agreement_with_others


def test_one_taste_has_no_groups():
    found = tastes_of(Data([(15, 0.8, 0.0)]))

    assert (found.compared, found.groups, found.in_none) == (15, [], 0)
    assert 0.005 < found.p_value <= 1


def test_a_campaign_without_votes_has_none():
    assert tastes_of(empty()) == doc.Tastes(compared=0, p_value=None, groups=[], in_none=0)


@pytest.mark.parametrize("people", [3, 4])
def test_too_few_people_are_not_tested(people):
    assert tastes_of(Data([(people, 0.8, 0.0)])).p_value is None
