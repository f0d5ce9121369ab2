"""`manage.py plan_campaign CAMPAIGN`: what the votes of a campaign will tell, and how many more there should be."""

from __future__ import annotations

import dataclasses
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotator.consensus.planning import Budget
from annotator.management.campaign_choice import campaign_named
from annotator.scoring.planning import Needed, known_of, plan


class Command(BaseCommand):
    help = (
        "Print what the votes of a campaign will tell, and how many more it needs, from its rules and its votes so far, as its"
        " page does. `python -m annotator.consensus plan` plans without a campaign."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("campaign", metavar="CAMPAIGN", help="slug of the campaign")
        parser.add_argument("--target-width", type=float, help="wanted score interval, plus or minus")
        parser.add_argument("--win-rate", type=float, help="win rate to tell from 0.5")
        parser.add_argument("--price", type=float, help="price per answer")
        parser.add_argument("--between", nargs=2, metavar="GENERATOR", help="two generators to tell apart")

    def handle(self, *args: Any, **options: Any) -> None:
        campaign = campaign_named(options["campaign"])
        known = known_of(campaign)
        given = {name: options[name] for name in ("target_width", "win_rate", "price") if options[name] is not None}
        between = tuple(options["between"]) if options["between"] else None
        if between and (known.so_far is None or not set(between) <= known.so_far.scores.keys()):
            raise CommandError(f"There are no scores of both {between[0]} and {between[1]} yet.")
        try:
            found = plan(dataclasses.replace(known.assumptions, **given), so_far=known.so_far, between=between)
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{found.outcome.votes:,.0f} votes on {found.design.pairs:,.0f} pairs: score intervals of"
            f" ±{found.outcome.score_width:.3f}, {found.budget.hours:,.1f} hours, cost {found.budget.cost:,.2f}."
        )
        for needed in found.needed:
            self.stdout.write(f"{needed.target}: {_words(needed)}.")


def _words(needed: Needed) -> str:
    new = _number(needed.new_prompts, needed.new_budget, "on new prompts")
    same = _number(needed.same_pairs, needed.same_budget, "on the same pairs")
    return f"{new}; {same}"


def _number(votes: int | None, budget: Budget | None, where: str) -> str:
    if votes is None or budget is None:
        return f"no number of votes {where} is enough"
    return f"{votes:,} more votes {where} ({budget.hours:,.1f} hours, cost {budget.cost:,.2f})"
