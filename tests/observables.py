"""What an annotator can observe of one assignment after the other, and whether it tells gold and repeats from the others."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from scipy.stats import mannwhitneyu, spearmanr

from annotator.lib.public_ids import ASSIGNMENTS
from annotator.models import Assignment, Image, Member, Pair
from tests.factories import ImageFactory, MemberFactory, PairFactory, PromptFactory

Ask = Callable[[str, dict[str, Any] | None], tuple[int, bytes]]  # POST: a path and a body, a status and an answer


@dataclass(frozen=True)
class Seen:
    """All that one turn over REST shows of an assignment."""

    kind: str  # what is to be hidden
    place: int
    assignment_id: int
    vote_id: int
    pair_id: int
    images: str
    statuses: tuple[int, ...]
    sizes: tuple[int, ...]
    seconds: tuple[float, ...]


OBSERVABLES: dict[str, Callable[[Seen], float]] = {
    "id of the assignment": lambda row: row.assignment_id,
    "id of the vote": lambda row: row.vote_id,
    "id of the pair": lambda row: row.pair_id,
    "address of the image": lambda row: int(row.images[:8], 16),
    "size of the assignment": lambda row: row.sizes[0],
    "size of the vote": lambda row: row.sizes[1],
    "time of the assignment": lambda row: row.seconds[0],
    "time of the vote": lambda row: row.seconds[1],
}


def make_member(count: int) -> Member:
    """Of a campaign that has pairs for so many turns, with gold and repeats among them."""
    member = MemberFactory(campaign__gold_rate=0.3, campaign__repeat_rate=0.25, campaign__repeat_after=3)
    campaign = member.campaign
    prompt = PromptFactory(campaign=campaign)
    images = Image.objects.bulk_create(ImageFactory.build_batch(4 * count, prompt=prompt))
    pairs = zip(images[::2], images[1::2], [None, "a"] * count, strict=True)
    Pair.objects.bulk_create(
        PairFactory.build(campaign=campaign, prompt=prompt, image_a=image_a, image_b=image_b, gold_choice=gold, ring=ring)
        for (image_a, image_b, gold), ring in zip(pairs, Random(7).sample(range(2**31), 2 * count), strict=True)
    )
    return member


def take_turns(member: Member, count: int, ask: Ask) -> list[Seen]:
    """What the member sees of so many turns."""
    seen = []
    for place in range(count):
        began = time.perf_counter()
        status, shown = ask(f"/api/v1/campaigns/{member.campaign.slug}/assignments/", None)
        between = time.perf_counter()
        body = json.loads(shown)
        voted, vote = ask(f"/api/v1/assignments/{body['id']}/vote/", {"choice": "a", "elapsed_ms": 900})
        ended = time.perf_counter()
        said = json.loads(vote)
        seen.append(
            Seen(
                kind=Assignment.objects.get(pk=ASSIGNMENTS.find(body["id"])).kind,
                place=place,
                assignment_id=body["id"],
                vote_id=said["vote_id"],
                pair_id=said["pair_id"],
                images=body["left"]["url"].split("/images/")[1],
                statuses=(status, voted),
                sizes=(len(shown), len(vote)),
                seconds=(between - began, ended - between),
            )
        )
    return seen


def what_tells(seen: Sequence[Seen]) -> list[str]:
    """The observables by which somebody could tell gold or a repeat from the others, or when an assignment was made."""
    of_kind = {kind: [row for row in seen if row.kind == kind] for kind in ("regular", "gold", "repeat")}
    found = [
        f"{name} tells {kind}"
        for name, value in OBSERVABLES.items()
        for kind in ("gold", "repeat")
        if tells([value(row) for row in of_kind[kind]], [value(row) for row in of_kind["regular"]])
    ]
    if tells([row.place for row in of_kind["gold"]], [row.place for row in of_kind["regular"]]):
        found.append("place tells gold")
    for name in ("assignment_id", "vote_id"):
        values = [getattr(row, name) for row in seen]
        if len(set(values)) > 1 and spearmanr(range(len(seen)), values).pvalue <= 1e-6:
            found.append(f"{name} tells the time")
    return found


def tells(these: Sequence[float], those: Sequence[float], *, surely: float = 1e-6) -> bool:
    """Whether somebody could tell the two kinds by the order of these values: surely, and not by a little.

    Noise does it once in a million, and what is no more than a few in a hundred of the noise is no way to find a pair.
    """
    if len(set(these) | set(those)) == 1:
        return False
    found = mannwhitneyu(these, those)
    return found.pvalue < surely and abs(found.statistic / (len(these) * len(those)) - 0.5) > 0.2
