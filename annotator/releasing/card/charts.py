"""The card's pictures: without a ground, in colours half way between black and white, for light and for dark pages.

(One for each kind of page would need addresses in `srcset`, which not every site that shows cards makes whole.) Nothing of when
or where they were drawn is in the files, so the same figures give the same bytes.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, product
from math import nan
from pathlib import Path
from typing import Any

from django.conf import settings

from annotator.choices import Label
from annotator.releasing.card.facts import Facts
from annotator.releasing.card.phrases import literal

os.environ.setdefault("MPLCONFIGDIR", str(settings.DATA_DIR / "matplotlib"))  # where it keeps what it found out about fonts

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

FOLDER = "charts"
SIZE = (7.2, 3.6)  # inches
DPI = 144
NAME_LENGTH = 32  # characters of a generator's name that are drawn
GENERATORS_MAX = 30
ROW_HEIGHT = 0.3  # inches of a generator
EDGE = 0.06  # inches that stay empty
BOTTOM = 0.48  # inches below the axes: the numbers, and what they are
RIGHT = 0.2  # inches beside the axes: half of the last number


# Each has a contrast of more than 4 on white and on near-black, but the lines of the grid, which may be fainter.
INK, LINE, FILL, ACCENT = "#7a7d82", "#7a7d8255", "#4d82c4", "#c76a2b"
# From losing to winning. Cells have a ground of their own, so their numbers are read on it and not on the page.
BEATS_COLOURS = LinearSegmentedColormap.from_list("beats", ["#e0a070", "#f2f2f2", "#86aede"])
CELL_INK = "#1b1b1b"
NUMBERED_MAX = 16  # generators whose cells have room for numbers


@dataclass(frozen=True)
class Chart:
    name: str
    alt: str  # what it shows, for those who do not see it
    draw: Callable[[Any], None]
    height: float = SIZE[1]

    @property
    def path(self) -> str:
        return f"{FOLDER}/{self.name}.png"

    @property
    def markdown(self) -> str:
        return f"![{self.alt}]({self.path})"


def write_charts(charts: Sequence[Chart], folder: Path) -> list[str]:
    """Draw them below a folder. Returns their paths in it."""
    (folder / FOLDER).mkdir(exist_ok=True)
    for chart in charts:
        save(chart, folder / chart.path)
    return [chart.path for chart in charts]


def save(chart: Chart, file: Path) -> None:
    figure = Figure(figsize=(SIZE[0], chart.height), dpi=DPI, facecolor="none")
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot(facecolor="none")
    axes.tick_params(colors=INK, labelsize=10, length=0)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("bottom", "left"))
        spine.set_color(LINE)
    axes.set_axisbelow(True)
    chart.draw(axes)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set_color(INK)
        label.set_fontsize(10)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a name in a script that the font has not
        leave_room(figure, axes, canvas.get_renderer())
        figure.savefig(file, metadata={"Software": None})
    with file.open("rb") as written:
        os.fsync(written.fileno())


def leave_room(figure: Figure, axes: Any, renderer: Any) -> None:
    """Around the axes, for what is written on them. Only what is on their left has a width that has to be measured.

    matplotlib's own layouts measure and draw the whole figure several times for this: a third of the time of a small release.
    """
    width, height = figure.get_size_inches()
    figure.subplots_adjust(left=0, right=1 - RIGHT / width, bottom=BOTTOM / height, top=1 - EDGE / height)
    names = axes.yaxis.get_tightbbox(renderer)
    figure.subplots_adjust(left=-names.x0 / figure.bbox.width + EDGE / width)


def charts_of(facts: Facts) -> Iterator[Chart]:
    """Those that there is something to draw for."""
    if facts.pairs:
        yield labels_chart(facts)
        yield overlap_chart(facts)
    if facts.votes_by_annotator:
        yield concentration_chart(facts.votes_by_annotator)
    if facts.leaderboard:
        yield leaderboard_chart(facts)
        if facts.statistics["leaderboard"]["p_beats"]:
            yield beats_chart(facts)


def labels_chart(facts: Facts) -> Chart:
    counts = facts.labels.get(facts.primary, {})
    rows = [(label, counts.get(label, 0)) for label in Label.values] + [("no votes", facts.overlap.get("0", 0))]

    def draw(axes: Any) -> None:
        names = [name.replace("_", " ") for name, _ in rows]
        bars = axes.barh(names, [pairs for _, pairs in rows], color=FILL, height=0.62)
        axes.bar_label(bars, labels=[f"{pairs:,}" for _, pairs in rows], padding=4, color=INK, fontsize=10)
        axes.invert_yaxis()
        axes.margins(x=0.12)
        axes.set_xlabel("pairs")

    said = ", ".join(f"{name.replace('_', ' ')} {pairs:,}" for name, pairs in rows)
    return Chart("labels", f"Pairs by label: {said}.", draw)


def overlap_chart(facts: Facts) -> Chart:
    def draw(axes: Any) -> None:
        axes.bar([int(votes) for votes in facts.overlap], list(facts.overlap.values()), color=FILL, width=0.62)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(axis="y", color=LINE, linewidth=0.6)
        axes.set_xlabel("votes per pair")
        axes.set_ylabel("pairs")

    said = ", ".join(f"{pairs:,} with {votes}" for votes, pairs in facts.overlap.items())
    return Chart("overlap", f"Pairs by number of votes: {said}.", draw)


def concentration_chart(votes: list[int]) -> Chart:
    total, people = sum(votes), len(votes)
    shares = [0.0, *(so_far / total * 100 for so_far in accumulate(votes))]

    def draw(axes: Any) -> None:
        places = [place / people * 100 for place in range(people + 1)]
        axes.plot([0, 100], [0, 100], color=INK, linewidth=1, linestyle="--")
        axes.plot(places, shares, color=ACCENT, linewidth=2)
        axes.grid(color=LINE, linewidth=0.6)
        axes.set_xlim(0, 100)
        axes.set_ylim(0, 101)
        axes.set_xlabel("% of annotators, most active first (dashed: all equal)")
        axes.set_ylabel("% of votes")

    tenth = max(1, round(people / 10))
    return Chart("annotators", f"The most active 10 % of annotators gave {shares[tenth]:.0f} % of the votes.", draw)


def leaderboard_chart(facts: Facts) -> Chart:
    rows = facts.leaderboard[:GENERATORS_MAX]

    def draw(axes: Any) -> None:
        places = range(len(rows))
        scores = [row["score"] for row in rows]
        reach = [[row["score"] - row["lower"] for row in rows], [row["upper"] - row["score"] for row in rows]]
        axes.errorbar(scores, places, xerr=reach, fmt="o", color=ACCENT, ecolor=FILL, elinewidth=2, capsize=3)
        axes.set_yticks(places, [shortened(row["generator"]) for row in rows], parse_math=False)
        axes.grid(axis="x", color=LINE, linewidth=0.6)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlabel("Bradley–Terry score with 95 % interval")

    said = ", ".join(f"{literal(row['generator'])} {row['score']:.2f}" for row in rows)
    return Chart("leaderboard", f"Generators by score: {said}.", draw, height=1.2 + ROW_HEIGHT * len(rows))


def beats_chart(facts: Facts) -> Chart:
    """A heat map of P(row beats column)."""
    rows = facts.leaderboard[:GENERATORS_MAX]
    shares = [[nan if value is None else value for value in row] for row in facts.statistics["leaderboard"]["p_beats"]]
    shown = [row[: len(rows)] for row in shares[: len(rows)]]

    def draw(axes: Any) -> None:
        places = range(len(rows))
        axes.imshow(shown, cmap=BEATS_COLOURS, vmin=0, vmax=1, aspect="auto")
        axes.set_yticks(
            places, [f"{place + 1}. {shortened(row['generator'])}" for place, row in enumerate(rows)], parse_math=False
        )
        axes.set_xticks(places, [str(place + 1) for place in places])
        if len(rows) <= NUMBERED_MAX:
            for i, j in product(places, places):
                if i != j:
                    axes.text(j, i, f"{shown[i][j] * 100:.0f}", ha="center", va="center", fontsize=9, color=CELL_INK)
        axes.set_xlabel("% of votes that prefer the row to the column")

    first, last = rows[0]["generator"], rows[-1]["generator"]
    share = f"{literal(first)} beats {literal(last)} in {shown[0][-1] * 100:.0f} % of votes" if len(rows) > 1 else literal(first)
    return Chart("beats", f"Who beats whom, as a heat map: {share}.", draw, height=1.2 + ROW_HEIGHT * len(rows))


def shortened(name: str) -> str:
    return name if len(name) <= NAME_LENGTH else f"{name[: NAME_LENGTH - 1]}…"
