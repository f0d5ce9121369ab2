"""How many votes a campaign needs: before it opens from its rules, and while it runs from its votes so far.

The figures of the votes are those of the statistics, which a task computes; nothing here reads votes.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from annotator.consensus import planning
from annotator.consensus.planning import Budget, Components, Design, Outcome
from annotator.models import Campaign
from annotator.scoring.progress import progress_of
from annotator.scoring.statistics import statistics_of

TARGET_WIDTH = 0.1


@dataclass(frozen=True)
class Assumptions:
    """What a plan starts from: the design, and what one vote tells. Shares are from 0 to 1."""

    generators: int | None = None
    prompts: float | None = None
    pairs_per_prompt: float | None = None  # None: every generator with every other
    votes_per_pair: float = 3.0
    people: float | None = None  # None: so many that their tastes average out
    agreement: float | None = None  # None: what `consensus.planning` takes
    pair_share: float | None = None
    image_share: float = planning.IMAGE_SHARE
    ties: float = 0.0
    taste_share: float = 0.0
    seconds: float = planning.SECONDS
    price: float = planning.PRICE
    checks: float = 0.0  # share of answers that are gold or repeats
    win_rate: float = planning.WIN_RATE
    target_width: float = TARGET_WIDTH


@dataclass(frozen=True)
class SoFar:
    """What the votes of a campaign tell."""

    votes: int
    components: Components
    agreement: float
    assumed: list[str]  # what they do not tell
    scores: dict[str, float]  # of the generators that were compared, the best first


@dataclass(frozen=True)
class Known:
    """Of a campaign, before anybody assumes anything else."""

    assumptions: Assumptions
    so_far: SoFar | None  # None: no votes that compare generators


@dataclass(frozen=True)
class Needed:
    """For one target, the votes in all and how many more they are than those so far. None: no number is enough."""

    target: str  # in words
    new_prompts: int | None
    new_budget: Budget | None
    same_pairs: int | None
    same_budget: Budget | None


@dataclass(frozen=True)
class Alternative:
    """The same number of votes, on fewer or more pairs."""

    votes_per_pair: float
    pairs: float
    outcome: Outcome
    is_chosen: bool


@dataclass(frozen=True)
class Plan:
    design: Design
    components: Components
    outcome: Outcome
    budget: Budget
    needed: list[Needed]
    alternatives: list[Alternative]


def known_of(campaign: Campaign) -> Known:
    """What the campaign's rules, material and votes say. Once there are votes, prompts and pairs are those with some."""
    document = statistics_of(campaign)
    found: dict[str, Any] | None = document.get("planning")  # a document from before it was noted has none
    rules = Assumptions(votes_per_pair=campaign.votes_wanted, checks=round(campaign.gold_rate + campaign.repeat_rate, 6))
    if median := document["throughput"]["median_elapsed_ms"]:
        rules = dataclasses.replace(rules, seconds=round(median / 1000, 1))
    if found is None:
        return Known(_of_material(campaign, rules, document["prompts"]["prompts"]), None)
    of = Components(*(found[name] for name in Components._fields))
    scores = {row["generator"]: row["score"] for row in document["leaderboard"]["generators"] if row["score"] is not None}
    assumptions = dataclasses.replace(
        rules,
        generators=found["generators"],
        prompts=found["prompts"],
        pairs_per_prompt=round(min(found["pairs"] / found["prompts"], _possible(found["generators"])), 4),
        votes_per_pair=round(found["votes"] / found["pairs"], 4),
        people=round(found["people"], 1),
    )
    return Known(assumptions, SoFar(found["votes"], of, found["agreement"], found["assumed"], scores))


def _of_material(campaign: Campaign, rules: Assumptions, known_prompts: int) -> Assumptions:
    """Prompts and pairs are counted here only before a task has counted them."""
    generators = campaign.generators.count()
    if generators < 2:
        return rules
    prompts = known_prompts or campaign.prompts.count()
    pairs = progress_of(campaign).pairs_total or campaign.pairs.count()
    if not prompts or not pairs:
        return rules
    per_prompt = min(pairs / prompts, _possible(generators))
    return dataclasses.replace(rules, generators=generators, prompts=prompts, pairs_per_prompt=round(per_prompt, 4))


def _possible(generators: int) -> float:
    return generators * (generators - 1) / 2


def plan(assumptions: Assumptions, *, so_far: SoFar | None = None, between: tuple[str, str] | None = None) -> Plan:
    """What the votes will tell, and what targets take.

    Args:
        so_far: votes that are there; then what one vote tells comes from them, not from the assumptions.
        between: two generators with scores so far, to be told apart.

    Raises:
        ValueError: in words, a plan that cannot be.
    """
    if assumptions.generators is None or assumptions.prompts is None:
        raise ValueError("State the number of generators and of prompts.")
    of = so_far.components if so_far else _components(assumptions)
    design = Design(
        assumptions.generators,
        assumptions.prompts,
        assumptions.votes_per_pair,
        assumptions.pairs_per_prompt,
        assumptions.people,
    )
    outcome = planning.foretell(design, of, win_rate=assumptions.win_rate)
    return Plan(
        design=design,
        components=of,
        outcome=outcome,
        budget=_budget(outcome.votes, assumptions),
        needed=[
            _needed(target, design, of, variance, assumptions, so_far)
            for target, variance in _targets(assumptions, so_far, between)
        ],
        alternatives=[
            Alternative(
                votes_per_pair=each.votes_per_pair,
                pairs=each.pairs,
                outcome=planning.foretell(each, of, win_rate=assumptions.win_rate),
                is_chosen=each.votes_per_pair == design.votes_per_pair,
            )
            for each in planning.same_votes(design)
        ],
    )


def _components(assumptions: Assumptions) -> Components:
    return planning.components(
        agreement=assumptions.agreement,
        pair_share=assumptions.pair_share,
        image_share=assumptions.image_share,
        ties=assumptions.ties,
        taste_share=assumptions.taste_share,
    )


def _budget(votes: float, assumptions: Assumptions) -> Budget:
    return planning.budget(votes, seconds=assumptions.seconds, price=assumptions.price, checks=assumptions.checks)


def _targets(assumptions: Assumptions, so_far: SoFar | None, between: tuple[str, str] | None) -> list[tuple[str, float]]:
    """Each target in words, and the variance of a difference that it takes."""
    assert assumptions.generators is not None
    chance = f"with a chance of {planning.POWER * 100:.0f} %"
    targets = [
        (
            f"score intervals of ±{assumptions.target_width:g}",
            planning.variance_for_width(assumptions.target_width, assumptions.generators),
        ),
        (
            f"to tell a win rate of {assumptions.win_rate * 100:.3g} % from 50 %, {chance}",
            planning.variance_for_power(planning.log_odds(assumptions.win_rate)),
        ),
    ]
    if so_far and between and all(name in so_far.scores for name in between) and between[0] != between[1]:
        difference = abs(so_far.scores[between[0]] - so_far.scores[between[1]])
        words = f"to tell {between[0]} from {between[1]}, {chance}, if they differ as it seems so far ({difference:.2f})"
        targets.insert(0, (words, planning.variance_for_power(max(difference, planning.ROUNDING))))
    return targets


def _needed(
    target: str, design: Design, of: Components, variance: float, assumptions: Assumptions, so_far: SoFar | None
) -> Needed:
    have = so_far.votes if so_far else 0

    def more(changed: Design) -> tuple[int | None, Budget | None]:
        if not math.isfinite(changed.votes):
            return None, None
        votes = max(math.ceil(changed.votes - planning.ROUNDING) - have, 0)
        return votes, _budget(votes, assumptions)

    each = planning.votes_per_pair_for(design, of, variance)
    new, new_budget = more(design._replace(prompts=planning.prompts_for(design, of, variance)))
    same, same_budget = more(design._replace(votes_per_pair=math.ceil(each) if math.isfinite(each) else each))
    return Needed(target, new, new_budget, same, same_budget)
