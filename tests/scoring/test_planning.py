"""The plan of a campaign: from its rules before there are votes, and from its votes."""

from __future__ import annotations

import pytest

from annotator.consensus import planning
from annotator.consensus.planning import components
from annotator.models import Campaign
from annotator.scoring.planning import Assumptions, SoFar, known_of, plan
from annotator.scoring.statistics import compute_statistics, stored_statistics
from tests.factories import CampaignFactory, GeneratorFactory, ImageFactory, PairFactory, PromptFactory
from tests.scoring.statistics.judged import judge_for_statistics

pytestmark = pytest.mark.django_db

SO_FAR = SoFar(900, components(), 0.64, [], {"Aurora": 0.3, "Brook": 0.1, "Cedar": -0.4})
PLAN = Assumptions(generators=3, prompts=100, votes_per_pair=3)


@pytest.fixture
def campaign() -> Campaign:
    return CampaignFactory()


def with_material(campaign: Campaign, prompts: int) -> None:
    makers = GeneratorFactory.create_batch(3, campaign=campaign)
    for _ in range(prompts):
        prompt = PromptFactory(campaign=campaign)
        images = [ImageFactory(prompt=prompt, generator=maker) for maker in makers]
        for one, other in ((0, 1), (1, 2)):
            PairFactory(campaign=campaign, prompt=prompt, image_a=images[one], image_b=images[other])


def test_before_it_opens_the_plan_is_from_its_material_and_rules() -> None:
    campaign = CampaignFactory(votes_wanted=5, votes_max=5, gold_rate=0.1, repeat_rate=0.05)
    with_material(campaign, 4)
    known = known_of(campaign)
    assert known.so_far is None
    of = known.assumptions
    assert (of.generators, of.prompts, of.pairs_per_prompt, of.votes_per_pair) == (3, 4, 2, 5)
    assert of.checks == pytest.approx(0.15)
    found = plan(of)
    assert (found.outcome.votes, found.design.pairs) == (40, 8)
    assert found.budget.answers == pytest.approx(40 / 0.85)


def test_an_empty_campaign_says_what_has_to_be_stated() -> None:
    known = known_of(CampaignFactory())
    assert (known.assumptions.generators, known.assumptions.prompts) == (None, None)
    with pytest.raises(ValueError, match="number of generators"):
        plan(known.assumptions)


@pytest.mark.django_db(transaction=True)
def test_once_there_are_votes_they_tell(campaign: Campaign) -> None:
    judge_for_statistics(campaign)
    known = known_of(campaign)
    assert known.so_far is not None
    assert known.so_far.votes == 120
    assert known.assumptions.generators == 4
    assert known.assumptions.prompts == 40
    assert known.assumptions.votes_per_pair == pytest.approx(3)
    assert set(known.so_far.scores) == {"Aurora", "Brook 2", "Cedar-XL", "Dune"}
    assert known.assumptions.seconds == pytest.approx(5, abs=2)
    found = plan(known.assumptions, so_far=known.so_far)
    assert found.components == known.so_far.components
    assert found.outcome.votes == pytest.approx(120, abs=0.5)


@pytest.mark.django_db(transaction=True)
def test_a_document_from_before_planning_was_noted_is_as_no_votes(campaign: Campaign) -> None:
    compute_statistics(campaign=campaign)
    stored = stored_statistics(campaign)
    assert stored is not None
    del stored.document["planning"]
    stored.save()
    assert known_of(campaign).so_far is None


def test_more_votes_are_those_beyond_what_is_there() -> None:
    before, running = plan(PLAN), plan(PLAN, so_far=SO_FAR)
    assert [row.target for row in before.needed] == [row.target for row in running.needed]
    for alone, more in zip(before.needed, running.needed, strict=True):
        assert alone.new_prompts is not None
        assert more.new_prompts == alone.new_prompts - 900
        assert more.new_budget is not None
        assert more.new_budget.answers == pytest.approx(more.new_prompts)


def test_two_generators_are_told_apart_by_as_many_votes_as_their_difference_takes() -> None:
    near = plan(PLAN, so_far=SO_FAR, between=("Aurora", "Brook")).needed[0]
    far = plan(PLAN, so_far=SO_FAR, between=("Aurora", "Cedar")).needed[0]
    assert "to tell Aurora from Brook" in near.target
    assert "(0.20)" in near.target
    assert near.new_prompts is not None
    assert far.new_prompts is not None
    assert near.new_prompts > far.new_prompts
    prompts = (near.new_prompts + 900) / 9
    reached = planning.foretell(planning.Design(3, prompts, 3), SO_FAR.components, win_rate=1 / (1 + 2.718281828**-0.2))
    assert reached.power == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize("between", [("Aurora", "Dune"), ("Aurora", "Aurora"), None])
def test_generators_without_scores_are_no_target(between) -> None:
    assert len(plan(PLAN, so_far=SO_FAR, between=between).needed) == 2


def test_the_same_votes_on_more_pairs_tell_more() -> None:
    rows = plan(PLAN).alternatives
    widths = [row.outcome.score_width for row in rows]
    assert widths == sorted(widths)
    assert {round(row.outcome.votes) for row in rows} == {900}
    assert [row.votes_per_pair for row in rows if row.is_chosen] == [3]


def test_what_cannot_be_had_is_none() -> None:
    found = plan(Assumptions(generators=2, prompts=100, votes_per_pair=3, target_width=0.01))
    assert [row.same_pairs for row in found.needed] == [None, None]
    assert found.needed[0].same_budget is None
