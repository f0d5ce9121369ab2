"""The card's section on the leaderboard: scores, ranks, who beats whom, and how to read them."""

from __future__ import annotations

from typing import Any

from annotator.consensus.leaderboard import UNIT_WINS
from annotator.releasing.card.facts import Facts
from annotator.releasing.card.phrases import literal, number
from annotator.releasing.dataset.configs import LEADERBOARD, LEADERBOARDS

BEATS_MAX = 10  # generators whose table of who beats whom fits on a page
OTHERS_MAX = 20  # leaderboards of other questions and categories that are listed
FEW = 20  # prompts or people


def leaderboard(facts: Facts, pictures: dict[str, str]) -> str:
    if not facts.leaderboard:
        return f"No leaderboard, and `{LEADERBOARD.config}` is an empty table: {facts.no_leaderboard}."
    board = facts.statistics["leaderboard"]
    parts = [
        reading(),
        counted(facts, board),
        scores(facts.leaderboard),
        pictures.get("leaderboard", ""),
        beats(board),
        pictures.get("beats", ""),
        fragile(board),
        ties(board),
        others(facts),
    ]
    return "\n\n".join(part for part in parts if part)


def reading() -> str:
    return (
        f"Bradley–Terry scores. A generator with a score 1 higher than another wins about {UNIT_WINS:.1f} of ten votes between"
        " them; a tie counts as half a win. *Ranks* are those that a generator may have: with 95 % confidence, this is right for"
        " all of them at once. *First* is the probability to have the highest score. To compare two generators, use the table of"
        " who beats whom. Whether their two intervals overlap does not say whether they differ."
    )


def counted(facts: Facts, board: dict[str, Any]) -> str:
    """Which votes are in it, and what makes it weak."""
    sentences = [
        f"Scores count {number(board['votes'], 'vote')} of all splits on the primary question, on"
        f" {number(board['prompts'], 'prompt')}, by {number(board['annotators'], 'person', 'people')}. Intervals allow for votes"
        " on one prompt, and votes of one person, being alike."
    ]
    if board["votes_per_pair"]:
        sentences.append(
            "Pairs may have stopped early when people agreed. Counting later votes would draw scores together, so only the first"
            f" {number(board['votes_per_pair'], 'vote')} of each pair, and all votes of audit pairs, count."
            f" {board['votes_left_out']:,} later ones do not."
        )
    if board["side"] and board["side"]["is_used"]:
        sentences.append(f"The advantage of the left image, {board['side']['effect']:.2f}, is taken out of the scores.")
    if board["annotators"] < FEW or board["prompts"] < FEW:
        sentences.append("People or prompts are few: the intervals say little of others.")
    if facts.without_generators:
        sentences.append(
            f"The scores leave out {number(facts.without_generators, 'pair')}: a generator is not stated, or is the same for both"
            " images."
        )
    return " ".join(sentences)


def scores(generators: list[dict[str, Any]]) -> str:
    rows = "\n".join(
        f"| {literal(row['generator'])} | {row['score']:.3f} | {row['lower']:.3f} to {row['upper']:.3f} | {ranks(row)}"
        f" | {chance(row['p_first'])} | {row['n_comparisons']:,} | {row['n_wins']:,} | {row['n_ties']:,} |"
        for row in generators
    )
    return (
        "| generator | score | interval (95 %) | ranks | first | comparisons | wins | ties |\n"
        f"|---|---:|---|---|---:|---:|---:|---:|\n{rows}"
    )


def beats(board: dict[str, Any]) -> str:
    """P(row beats column); bold where the interval is on one side of one half."""
    names = [row["generator"] for row in board["generators"]]
    if not board["p_beats"] or len(names) > BEATS_MAX:
        return ""

    def said(i: int, j: int) -> str:
        if i == j:
            return ""
        is_clear = not board["p_beats_lower"][i][j] <= 0.5 <= board["p_beats_upper"][i][j]
        text = chance(board["p_beats"][i][j])
        return f"**{text}**" if is_clear else text

    head = "".join(f" {literal(name)} |" for name in names)
    rows = "\n".join(
        f"| {literal(name)} |" + "".join(f" {said(i, j)} |" for j in range(len(names))) for i, name in enumerate(names)
    )
    return (
        "How often a vote prefers the generator of the row to that of the column. Bold: the 95 % interval is on one side of 50 %,"
        " so the order of these two is clear, looked at alone; of many cells, one in twenty may be so by chance.\n\n"
        f"| |{head}\n|---|{'---:|' * len(names)}\n{rows}"
    )


def fragile(board: dict[str, Any]) -> str:
    """The neighbours whose order hangs on fewest votes."""
    found = [change for change in board["order_changes"] if change["votes"] is not None]
    if not found:
        return ""
    least = min(found, key=lambda change: change["votes"])
    return (
        f"The most fragile order: without {number(least['votes'], 'vote')}, chosen to matter most, {literal(least['lower'])}"
        f" would be above {literal(least['upper'])}."
    )


def ties(board: dict[str, Any]) -> str:
    model = board["davidson"]
    if not model or not model["differs"]:
        return ""
    swapped = "".join(f" {literal(lower)} is then above {literal(upper)}." for upper, lower in model["swapped"])
    rows = "\n".join(
        f"| {literal(row['generator'])} | {row['score']:.3f} | {row['lower']:.3f} to {row['upper']:.3f} |"
        for row in model["generators"]
    )
    return (
        "Ties matter: with Davidson's model, which gives them a probability of their own, a chance to beat another differs by up"
        f" to {model['largest_difference']:.1%}.{swapped}\n\n"
        f"| generator | score by Davidson's model | interval (95 %) |\n|---|---:|---|\n{rows}"
    )


def others(facts: Facts) -> str:
    """Who leads on other questions and in each category; their rows are in a config of their own."""
    found = [board for board in facts.statistics["leaderboards"][1:] if not board["refusal"] and board["generators"]]
    if not found:
        return ""
    rows = "\n".join(
        f"| {literal(board['question'])} | {literal(board['category'] or 'all')} | {literal(board['generators'][0]['generator'])}"
        f" | {chance(board['generators'][0]['p_first'])} | {board['votes']:,} |"
        for board in found[:OTHERS_MAX]
    )
    more = f"\n\nand {len(found) - OTHERS_MAX} more." if len(found) > OTHERS_MAX else ""
    return (
        f"Other questions and categories, whole in `{LEADERBOARDS.config}`:\n\n"
        f"| question | category | highest score | first | votes |\n|---|---|---|---:|---:|\n{rows}{more}"
    )


def ranks(row: dict[str, Any]) -> str:
    low, high = row["rank_lower"], row["rank_upper"]
    return f"{low}" if low == high else f"{low} to {high}"


def chance(value: float) -> str:
    """In whole percents; nothing that may be is called impossible or certain."""
    if 0 < value < 0.005:
        return "<1 %"
    if 0.995 < value < 1:
        return ">99 %"
    return f"{value * 100:.0f} %"
