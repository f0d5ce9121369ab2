"""Pairing rules that look at votes: further pairs of a prompt, batch by batch, once the pairs before have their votes.

The first batch is made at import (importing/pairing.py). A prompt gets its next when none of its pairs waits for votes, until
each image was in `pairs_per_image` comparisons. `swiss` makes new pairs only. `information_gain` may also ask for
`votes_wanted` more votes on a settled pair, up to `votes_max` and no more than there are annotators: many votes on the few
pairs whose order is open say more than one on each pair.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

import numpy as np
from django.db import connection, transaction
from django.db.models import F

from annotator.choices import RULES_IN_BATCHES, CampaignState, ConsensusMethod, PairingRule, PairState
from annotator.consensus.codes import Floats
from annotator.consensus.pairing import Draw, fit_scores, informative_batch, prior_of_images, swiss_round
from annotator.importing.create_rows import new_pair
from annotator.importing.pairing import connecting_pairs
from annotator.lib.advisory_locks import Space, lock_until_commit, sole_holder
from annotator.lib.raw_sql import read_sql
from annotator.models import Campaign, Generator, Image, Pair, PairSeats, Question
from annotator.scoring.consensus_writer import counts_of
from annotator.scoring.statistics import outdate

PROMPTS_AT_ONCE = 100  # in one transaction, while which no import adds pairs to the campaign: a third of a second

STATE_SQL = read_sql(__file__, "pairing_state")

# Votes of the primary question between generators, ties as half a vote for both, from the labels as they were scored last.
_GENERATOR_POINTS_SQL = """
    SELECT image_a.generator_id, image_b.generator_id,
           sum(n_a + (n_both_good + n_both_bad) / 2.0)::float8, sum(n_b + (n_both_good + n_both_bad) / 2.0)::float8
    FROM annotator_consensus consensus
    JOIN annotator_pair pair ON pair.id = consensus.pair_id
    JOIN annotator_image image_a ON image_a.id = pair.image_a_id
    JOIN annotator_image image_b ON image_b.id = pair.image_b_id
    WHERE consensus.question_id = %s AND consensus.method = %s AND image_a.generator_id <> image_b.generator_id
    GROUP BY image_a.generator_id, image_b.generator_id
"""


class PromptState(NamedTuple):
    """A row of pairing_state.sql."""

    prompt_id: int
    is_open: bool
    comparisons_left: int
    votes_most: int  # on one pair

    @property
    def is_due(self) -> bool:
        return self.comparisons_left > 0 and not self.is_open


def campaigns_to_pair() -> list[Campaign]:
    """Open campaigns with a prompt that is due for its next batch."""
    campaigns = Campaign.objects.filter(state=CampaignState.OPEN, pairing_rule__in=RULES_IN_BATCHES).order_by("pk")
    return [campaign for campaign in campaigns if any(state.is_due for state in _states(campaign))]


def votes_to_come(campaign: Campaign) -> int:
    """How many votes the rule will still ask for, beyond those that the pairs want now. 0 for a rule that asks for all at
    import.

    Fewer than these, where a manager holds pairs or marks them as gold.
    """
    return campaign.votes_wanted * sum(state.comparisons_left for state in _states(campaign))


def has_pairs_to_come(campaign: Campaign) -> bool:
    """Whether the rule makes more comparisons, so that the campaign is not complete when all its pairs are settled."""
    return any(state.comparisons_left for state in _states(campaign))


def make_next_pairs(*, campaign: Campaign, rng: np.random.Generator | None = None) -> int:
    """Give each prompt that is due its next batch. Returns how many comparisons were made.

    Safe to run twice and at the same time: what has a batch is not due, and a second process leaves the work to the first. It
    never makes more comparisons than the rule has left for a prompt.
    """
    rng = rng or np.random.default_rng()
    made = 0
    with sole_holder(Space.PAIRING, campaign.pk) as is_mine:
        due = [state.prompt_id for state in _states(campaign) if state.is_due] if is_mine else []
        generators = GeneratorVotes(campaign) if due and campaign.pairing_rule == PairingRule.INFORMATION_GAIN else None
        for start in range(0, len(due), PROMPTS_AT_ONCE):
            made += _extend(campaign, due[start : start + PROMPTS_AT_ONCE], generators, rng)
    if made:
        outdate(campaign)
    return made


def is_paired_by_rule(pair_ids: Collection[int]) -> set[int]:
    """Which of these pairs are of two images that a rule pairs as votes come in."""
    pairs = Pair.objects.filter(pk__in=pair_ids, image_a__is_paired_by_rule=True, image_b__is_paired_by_rule=True)
    return set(pairs.values_list("pk", flat=True))


def _states(campaign: Campaign, prompt_ids: list[int] | None = None) -> list[PromptState]:
    if campaign.pairing_rule not in RULES_IN_BATCHES:
        return []
    with connection.cursor() as cursor:
        cursor.execute(STATE_SQL, {"campaign": campaign.pk, "prompts": prompt_ids})
        return [PromptState(*row) for row in cursor.fetchall()]


@transaction.atomic
def _extend(before: Campaign, prompt_ids: list[int], generators: GeneratorVotes | None, rng: np.random.Generator) -> int:
    lock_until_commit(Space.IMPORTING, before.pk)  # an import may be adding images or pairs to the same prompts
    campaign = Campaign.objects.get(pk=before.pk)
    if campaign.state != CampaignState.OPEN or campaign.pairing_rule != before.pairing_rule:
        return 0
    due = [state for state in _states(campaign, prompt_ids) if state.is_due]
    new, again = [], []
    for material in _materials(campaign, due, generators):
        drawn = material.next_batch(rng)
        for i, j, probability in drawn:
            known = material.pairs.get((i, j))
            if known is None:
                one, other = material.images[i], material.images[j]
                new.append(new_pair(campaign, one.prompt, one, other, probability)[0])
            else:
                again.append(known.pk)
    Pair.objects.bulk_create(new)
    asked = PairSeats.objects.filter(pk__in=again, state=PairState.SETTLED, is_gold=False)
    locked = list(asked.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
    PairSeats.objects.filter(pk__in=locked).update(votes_wanted=F("votes_wanted") + campaign.votes_wanted, state=PairState.OPEN)
    return len(new) + len(locked)


class GeneratorVotes:
    """How often each generator of the campaign was preferred to each other, over all prompts."""

    def __init__(self, campaign: Campaign) -> None:
        ids = Generator.objects.filter(campaign=campaign).order_by("pk").values_list("pk", flat=True)
        self.code = {generator_id: code for code, generator_id in enumerate(ids)}
        self.points = np.zeros((len(self.code), len(self.code)))
        with connection.cursor() as cursor:
            primary = Question.objects.get(campaign=campaign, position=0)
            cursor.execute(_GENERATOR_POINTS_SQL, [primary.pk, ConsensusMethod.MAJORITY])
            for a, b, for_a, for_b in cursor.fetchall():
                self.points[self.code[a], self.code[b]] += for_a
                self.points[self.code[b], self.code[a]] += for_b

    def codes_of(self, images: Sequence[Image]) -> np.ndarray:
        """Of each image; -1 where the generator is not known, or was added after this was read."""
        return np.array([self.code.get(image.generator_id or -1, -1) for image in images], dtype=np.int64)

    def without(self, codes: np.ndarray, points: Floats) -> Floats:
        """The votes on other prompts, where these images have `points` among themselves."""
        rest = self.points.copy()
        known = np.flatnonzero(codes >= 0)
        np.subtract.at(rest, np.ix_(codes[known], codes[known]), points[np.ix_(known, known)])
        np.fill_diagonal(rest, 0)
        return np.maximum(rest, 0)  # the labels may be older than the votes on this prompt


@dataclass(frozen=True)
class PromptMaterial:
    """A prompt that is due: its images, their pairs by the places of the two, and the votes on these."""

    campaign: Campaign
    state: PromptState
    images: list[Image]
    pairs: dict[tuple[int, int], Pair]
    points: Floats
    generators: GeneratorVotes | None

    def next_batch(self, rng: np.random.Generator) -> list[Draw]:
        """At most half as many comparisons as images, so that the votes on these decide on the next."""
        n = len(self.images)
        size = min(self.state.comparisons_left, max(1, n // 2))
        if gaps := connecting_pairs(n, list(self.pairs), Random(int(rng.integers(2**63)))):  # noqa: S311
            return [Draw(*gap) for gap in gaps[:size]]  # images that a later import brought
        allowed = np.ones((n, n), dtype=np.bool_)
        for (i, j), pair in self.pairs.items():
            allowed[i, j] = allowed[j, i] = self.generators is not None and self._has_room(pair)
        if self.generators is None:
            return swiss_round(self.points, allowed, size=size, rng=rng)
        codes = self.generators.codes_of(self.images)
        scores = fit_scores(self.points, prior_of_images(codes, self.generators.without(codes, self.points)))
        return informative_batch(
            scores,
            allowed,
            size=size,
            votes=self.campaign.votes_wanted,
            random_share=self.campaign.random_pair_share,
            rng=rng,
        )

    def _has_room(self, pair: Pair) -> bool:
        is_settled = pair.state == PairState.SETTLED and pair.gold_choice is None and not pair.is_audit
        return is_settled and pair.votes_wanted + self.campaign.votes_wanted <= self.state.votes_most


def _materials(campaign: Campaign, due: list[PromptState], generators: GeneratorVotes | None) -> Iterator[PromptMaterial]:
    prompt_ids = [state.prompt_id for state in due]
    images: dict[int, list[Image]] = defaultdict(list)
    for image in Image.objects.filter(prompt__in=prompt_ids, is_paired_by_rule=True).select_related("prompt").order_by("pk"):
        images[image.prompt_id].append(image)
    place = {image.pk: place for of_prompt in images.values() for place, image in enumerate(of_prompt)}
    pairs: dict[int, dict[tuple[int, int], Pair]] = defaultdict(dict)
    for pair in Pair.objects.filter(prompt__in=prompt_ids, image_a__in=place, image_b__in=place).order_by("pk"):
        i, j = sorted((place[pair.image_a_id], place[pair.image_b_id]))
        pairs[pair.prompt_id][i, j] = pair
    primary = Question.objects.get(campaign=campaign, position=0)
    asked = [pair.pk for of_prompt in pairs.values() for pair in of_prompt.values() if pair.gold_choice is None]
    counts = {row.pair_id: row for row in counts_of(primary, asked)}
    for state in due:
        of_prompt = pairs[state.prompt_id]
        points = np.zeros((len(images[state.prompt_id]), len(images[state.prompt_id])))
        for pair in of_prompt.values():
            if (row := counts.get(pair.pk)) is not None:
                a, b = place[pair.image_a_id], place[pair.image_b_id]
                points[a, b] += row.n_a + (row.n_both_good + row.n_both_bad) / 2
                points[b, a] += row.n_b + (row.n_both_good + row.n_both_bad) / 2
        yield PromptMaterial(campaign, state, images[state.prompt_id], of_prompt, points, generators)
