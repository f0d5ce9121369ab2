"""`python -m annotator.consensus plan`: what a number of votes will be able to tell, and how many are needed."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from annotator.consensus import planning
from annotator.consensus.bradley_terry import LEFT, RIGHT
from annotator.consensus.cli_options import above_half, at_least, not_negative, positive, share, share_or_0, share_or_1
from annotator.consensus.planning import Components, Design, Estimated, Outcome, VoteColumns
from annotator.consensus.vote_table import BadInput, Comparisons, Table

ROLES = ("task", "worker", "left", "right", "winner", "prompt")
DESCRIPTION = "Plan a comparison of generators: the width of score intervals, the chance to tell them apart, hours and cost."
EPILOG = """\
Examples:
  plan --generators 8 --prompts 200 --votes-per-pair 3
  plan --generators 8 --prompts 200 --votes-per-pair 3 --target-width 0.1
  plan votes.csv --target-width 0.1      how many more votes than those in the file

votes.csv has comparisons: worker,left,right,winner, and task or prompt if there is one. The assumptions are then estimated
from the votes, as far as they tell; an option overrides the estimate.

The CSV on standard output (or in --out) compares plans with the same number of votes on fewer or more pairs; `chosen` marks
yours. The JSON on standard error (or in --json) has the assumptions, the plan, and what is needed for each target. Scores are
log-odds: a difference of 0.08 is a win rate of 52 %, one of 1.1 is three wins of four.
"""


class Run(NamedTuple):
    """What the command writes."""

    columns: dict[str, Any]
    parameters: dict[str, Any]
    out: Path | None
    json: Path | None


def build_parser(parser_class: type[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    parser = parser_class(
        prog="python -m annotator.consensus plan",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("votes", type=Path, nargs="?", metavar="votes.csv", help="comparisons so far, to estimate from")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the CSV to FILE")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the parameters to FILE")

    def add(
        group: argparse._ArgumentGroup, name: str, type_: Callable[[str], float], text: str, default: float | None = None
    ) -> None:
        shown = text if default is None else f"{text} (default %(default)g)"
        group.add_argument(name, type=type_, metavar="N", default=default, help=shown)

    design = parser.add_argument_group("design")
    add(design, "--generators", at_least(2), "number of generators (from votes.csv, else required)")
    add(design, "--prompts", positive, "number of prompts (from votes.csv, else required)")
    add(design, "--pairs-per-prompt", positive, "pairs of images of each prompt (default: all)")
    add(design, "--votes-per-pair", positive, "votes on each pair (default 3)")
    add(design, "--people", positive, "number of annotators (default: so many that it does not matter)")
    assumed = parser.add_argument_group("assumptions (the defaults are near published image preferences)")
    agreement = "how often two people agree on a pair, when both name a winner"
    add(assumed, "--agreement", share, f"{agreement} (default {planning.AGREEMENT:g}, or more if the pair share needs it)")
    between = "share of the variation of votes that is between pairs of images, the rest being between people"
    room = f"(default {planning.PAIR_SHARE:g}, or less if the agreement leaves no room for it)"
    add(assumed, "--pair-share", share_or_0, f"{between} {room}")
    of_image = f"share of that which an image takes into all its pairs (default {planning.IMAGE_SHARE:g})"
    add(assumed, "--image-share", share_or_1, f"{of_image}; for three generators or more")
    add(assumed, "--ties", share_or_0, "share of votes that are ties (default 0)")
    add(assumed, "--taste-share", share_or_0, "share of the variation that is a person's taste on all prompts (default 0)")
    add(assumed, "--seconds", positive, "seconds per answer", planning.SECONDS)
    add(assumed, "--price", not_negative, "price per answer", planning.PRICE)
    add(assumed, "--checks", share_or_0, "share of answers that are gold or repeats", 0.0)
    wanted = parser.add_argument_group("targets")
    add(wanted, "--win-rate", above_half, "win rate to tell from one half", planning.WIN_RATE)
    add(wanted, "--target-power", share, "chance to tell it", planning.POWER)
    add(wanted, "--target-width", positive, "score intervals of plus or minus this (default: none)")
    add(wanted, "--confidence", share, "confidence of intervals", planning.CONFIDENCE)
    file = parser.add_argument_group("votes.csv")
    for role in ROLES:
        file.add_argument(f"--{role}", metavar="COLUMN", help=f"name of the {role} column")
    file.add_argument("--skip-empty", action="store_true", help="ignore rows with an empty cell")
    file.add_argument("--skip-invalid", action="store_true", help="also ignore rows that are no comparisons")
    return parser


def run(options: argparse.Namespace) -> Run:
    """Raises BadInput on a plan that cannot be."""
    try:
        expected = _expected(options)
        table, found = _read(options, expected) if options.votes else (None, None)
        of = expected if found is None else _mixed(options, expected, found)
        design = _design(options, found)
        outcome = planning.foretell(design, of, win_rate=options.win_rate, confidence=options.confidence)
        alternatives = _alternatives(design, of, options)
    except BadInput:
        raise
    except ValueError as error:
        raise BadInput(str(error)) from error
    assumed = [] if found is None else found.assumed
    parameters = {
        "method": "plan",
        "assumptions": {
            "agreement": of.agreement if found is None or options.agreement is not None else found.agreement,
            "pair_share": of.pair_share,
            "image_share": of.image_share,
            "taste_share": of.taste_share,
            "information_per_vote": of.information,
            "variance_per_vote": of.variance,
            "seconds_per_answer": options.seconds,
            "price_per_answer": options.price,
            "checks": options.checks,
            "win_rate": options.win_rate,
            "confidence": options.confidence,
            "estimated_from_votes": found is not None,
            "not_told_by_the_votes": assumed,
        },
        "plan": _plan_of(design, outcome, options),
        "needed": _needed(design, of, options),
        **({} if table is None else {"input": _input_of(table)}),
        "notes": _notes(design, outcome, of, assumed, options),
    }
    return Run(alternatives, parameters, options.out, options.json)


def _expected(options: argparse.Namespace) -> Components:
    return planning.components(
        agreement=options.agreement,
        pair_share=options.pair_share,
        image_share=planning.IMAGE_SHARE if options.image_share is None else options.image_share,
        ties=options.ties or 0.0,
        taste_share=options.taste_share or 0.0,
    )


def _mixed(options: argparse.Namespace, expected: Components, found: Estimated) -> Components:
    """What the votes show, but for what an option says."""
    of = found.components
    given = {name: getattr(options, name) for name in ("pair_share", "image_share", "taste_share")}
    of = of._replace(**{name: value for name, value in given.items() if value is not None})
    if options.agreement is not None or options.ties is not None:
        of = of._replace(information=expected.information, variance=expected.variance)
    return of


def _read(options: argparse.Namespace, expected: Components) -> tuple[Table, Estimated]:
    renamed = {role: getattr(options, role) for role in ROLES if getattr(options, role) is not None}
    table = Table(options.votes, renamed=renamed, skip_empty=options.skip_empty, skip_invalid=options.skip_invalid)
    votes = table.comparisons(repeats="auto")
    try:
        return table, planning.estimate(_columns(table, votes, options), expected=expected)
    except ValueError as error:
        raise BadInput(f"{options.votes}: {error}") from error


def _columns(table: Table, votes: Comparisons, options: argparse.Namespace) -> VoteColumns:
    """A pair is two items of a task, or of a prompt; in a file that names neither, each vote has a pair of its own."""
    outcome = np.where(votes.winner == LEFT, 1.0, np.where(votes.winner == RIGHT, 0.0, 0.5))
    first, second, outcome = planning.oriented(votes.left, votes.right, outcome)
    prompt = None if votes.prompt is None else votes.prompt.codes
    task = None if votes.task is None else votes.task.codes
    if task is None and prompt is None:
        return VoteColumns(first, second, outcome, np.arange(len(first)), None, votes.worker.codes)
    items = len(votes.items)
    group = prompt if task is None else task
    assert group is not None
    return VoteColumns(first, second, outcome, (group * items + first) * items + second, prompt, votes.worker.codes)


def _design(options: argparse.Namespace, found: Estimated | None) -> Design:
    if found is None and (options.generators is None or options.prompts is None):
        raise BadInput("a plan needs --generators and --prompts, or a file of votes")
    of_votes = found.design if found is not None else Design(0, 0, 3.0)
    return Design(
        generators=options.generators or of_votes.generators,
        prompts=options.prompts or of_votes.prompts,
        votes_per_pair=options.votes_per_pair or of_votes.votes_per_pair,
        pairs_per_prompt=options.pairs_per_prompt or of_votes.pairs_per_prompt,
        people=options.people or of_votes.people,
    )


def _alternatives(design: Design, of: Components, options: argparse.Namespace) -> dict[str, Any]:
    """A row per number of votes per pair, with as many prompts as make up the same number of votes."""
    designs = planning.same_votes(design)
    rows = [planning.foretell(each, of, win_rate=options.win_rate, confidence=options.confidence) for each in designs]
    budgets = [planning.budget(row.votes, **_prices(options)) for row in rows]
    return {
        "votes_per_pair": np.array([each.votes_per_pair for each in designs], dtype=np.float64),
        "pairs": np.array([each.pairs for each in designs]),
        "prompts": np.array([each.prompts for each in designs]),
        "votes": np.array([row.votes for row in rows]),
        "difference_sd": np.array([row.difference_sd for row in rows]),
        "score_width": np.array([row.score_width for row in rows]),
        "power": np.array([row.power for row in rows]),
        "hours": np.array([each.hours for each in budgets]),
        "cost": np.array([each.cost for each in budgets]),
        "chosen": np.array([each.votes_per_pair == design.votes_per_pair for each in designs]).astype(np.int64),
    }


def _prices(options: argparse.Namespace) -> dict[str, float]:
    return {"seconds": options.seconds, "price": options.price, "checks": options.checks}


def _plan_of(design: Design, outcome: Outcome, options: argparse.Namespace) -> dict[str, Any]:
    return {
        "generators": design.generators,
        "prompts": design.prompts,
        "pairs_per_prompt": design.pairs / design.prompts,
        "pairs": design.pairs,
        "votes_per_pair": design.votes_per_pair,
        "people": design.people,
        **outcome._asdict(),
        **planning.budget(outcome.votes, **_prices(options))._asdict(),
    }


def _needed(design: Design, of: Components, options: argparse.Namespace) -> dict[str, Any]:
    """What each target takes, on new prompts with as many votes per pair, and on the same pairs; null: it cannot be had."""
    targets = {
        "power": (
            {"win_rate": options.win_rate, "power": options.target_power},
            planning.variance_for_power(planning.log_odds(options.win_rate), options.target_power, confidence=options.confidence),
        )
    }
    if options.target_width is not None:
        variance = planning.variance_for_width(options.target_width, design.generators, confidence=options.confidence)
        targets["width"] = ({"score_width": options.target_width}, variance)
    found = {}
    for name, (target, variance) in targets.items():
        prompts = planning.prompts_for(design, of, variance)
        each = planning.votes_per_pair_for(design, of, variance)
        each = math.ceil(each) if math.isfinite(each) else each
        found[name] = {
            **target,
            "with_new_prompts": _more(design, design._replace(prompts=prompts), options),
            "on_the_same_pairs": _more(design, design._replace(votes_per_pair=each), options),
        }
    return found


def _more(design: Design, changed: Design, options: argparse.Namespace) -> dict[str, Any] | None:
    if not math.isfinite(changed.votes):
        return None
    votes = math.ceil(changed.votes - planning.ROUNDING)
    more = max(0, votes - math.floor(design.votes))
    return {
        "prompts": changed.prompts,
        "votes_per_pair": changed.votes_per_pair,
        "votes": votes,
        "more_votes": more,
        **planning.budget(more, **_prices(options))._asdict(),
    }


def _notes(design: Design, outcome: Outcome, of: Components, assumed: list[str], options: argparse.Namespace) -> list[str]:
    notes = [
        f"{outcome.votes:,.0f} votes on {design.pairs:,.0f} pairs: score intervals of ±{outcome.score_width:.3f}, and a chance of"
        f" {_percent(outcome.power)} to tell a win rate of {_percent(options.win_rate)} from 50 %."
    ]
    for name, needed in _needed(design, of, options).items():
        target = (
            f"intervals of ±{needed['score_width']:g}"
            if name == "width"
            else f"a chance of {_percent(needed['power'])} to tell {_percent(needed['win_rate'])} from 50 %"
        )
        new, same = needed["with_new_prompts"], needed["on_the_same_pairs"]
        words = f"{new['more_votes']:,} more votes on new prompts" if new else "no number of prompts is enough, ask more people"
        also = f"or {same['more_votes']:,} on the same pairs" if same else "no number of votes on the same pairs is enough"
        notes.append(f"For {target}: {words}; {also}.")
    if assumed:
        notes.append(f"The votes do not tell {', '.join(assumed)}: the defaults are used.")
    return notes


def _percent(share: float) -> str:
    return f"{share * 100:.3g} %"


def _input_of(table: Table) -> dict[str, Any]:
    return {
        "file": table.path.name,
        "columns": table.used,
        "rows_left_out_empty": table.skipped,
        "rows_left_out_invalid": table.invalid.total(),
    }
