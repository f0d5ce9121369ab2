"""The dataset card: README.md with the YAML that clients read and the text that people judge the data by.

It says nothing of the release's number or of when it was built: the same votes give the same card, and so the same revision.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from annotator.lib.lazy_import import lazy_import
from annotator.releasing.card import confidence, contents, origin, quality, ranking
from annotator.releasing.card.facts import Facts
from annotator.releasing.card.phrases import config_and_split, literal, splits_of
from annotator.releasing.dataset.configs import layouts_for
from annotator.releasing.dataset.layout import Layout
from annotator.releasing.dataset.parquet import Written
from annotator.releasing.release_storage import CARD

if TYPE_CHECKING:
    from annotator.releasing.card import charts
else:
    charts = lazy_import("annotator.releasing.card.charts")  # Matplotlib takes half a second and 40 MB

SIZE_CATEGORIES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)
TAGS = ["human-feedback", "preference", "pairwise-comparison", "text-to-image", "diptych"]


def load_charts() -> None:
    """Import what draws the charts, which takes longer than drawing them: for a thread, while shards are written."""
    _ = charts.charts_of


def write_card(folder: Path, *, facts: Facts, shards: list[Written]) -> list[str]:
    """Write README.md and its pictures into a folder. `shards` are the release's data files. Returns the paths."""
    drawn = list(charts.charts_of(facts))
    paths = charts.write_charts(drawn, folder)
    with (folder / CARD).open("wb") as file:
        file.write(card(facts, shards, {chart.name: chart.markdown for chart in drawn}).encode())
        file.flush()
        os.fsync(file.fileno())
    return [*paths, CARD]


def card(facts: Facts, shards: list[Written], pictures: dict[str, str]) -> str:
    """`pictures` are Markdown, by the name of the chart."""
    layouts = layouts_for(facts.secondary_questions, facts.configs)
    head = yaml.safe_dump(front_matter(facts, shards), sort_keys=False, allow_unicode=True, width=120)
    sections = [
        ("", origin.introduction(facts)),
        ("Questions", origin.questions(facts)),
        ("Pairs and labels", origin.making(facts)),
        ("Guideline", origin.guidelines(facts)),
        ("Annotators", origin.people(facts, pictures)),
        ("Statistics", origin.figures(facts, pictures)),
        ("Agreement", quality.agreement(facts)),
        ("Confidence", confidence.confidence(facts)),
        ("Quality control", quality.quality(facts)),
        ("Position bias", quality.position_bias(facts)),
        ("Coverage", contents.coverage(facts)),
        ("Leaderboard", ranking.leaderboard(facts, pictures)),
        ("Configs", "\n\n".join(contents.config_section(layout, facts, shards) for layout in layouts)),
        ("Splits", contents.splits(facts)),
        ("Loading", contents.loading(facts)),
        ("Limitations", contents.limits(facts)),
        ("Consent and licence", contents.consent(facts)),
        ("Citation", contents.citing(facts)),
    ]
    description = "\n".join(map(literal, facts.description.strip().splitlines()))
    text = "\n\n".join(f"## {title}\n\n{text}" if title else text for title, text in sections if text)
    return "\n\n".join(filter(None, [f"---\n{head}---", f"# {literal(facts.name)}", description, text])) + "\n"


# --- what clients read


def front_matter(facts: Facts, shards: list[Written]) -> dict[str, Any]:
    """The YAML. Sizes are exact, since clients check the numbers of rows. A config without rows, which `datasets` cannot load,
    is not listed."""
    filled = {config_and_split(file)[0] for file in shards if file.rows}
    default, *others = layouts_for(facts.secondary_questions, facts.configs)
    layouts = [default, *(layout for layout in others if layout.config in filled)]
    # Some renderers take these lines for text: a tag or a link in a name would be one.
    pretty_name = facts.name.replace("<", "‹").replace(">", "›").replace("](", "] (")
    matter: dict[str, Any] = {"pretty_name": pretty_name}
    if facts.licence:
        matter["license"] = facts.licence
    matter |= {"task_categories": ["text-to-image"], "tags": TAGS, "size_categories": [size_category(facts.pairs)]}
    if languages := sorted({match[0] for tag in facts.languages if (match := re.match(r"[a-z]{2,3}(?![A-Za-z])", tag))}):
        matter["language"] = languages
    matter["configs"] = [
        {
            "config_name": layout.config,
            **({"default": True} if layout is default else {}),
            "data_files": [{"split": split, "path": f"{layout.config}/{split}-*"} for split in splits_of(layout, shards)],
        }
        for layout in layouts
    ]
    matter["dataset_info"] = [dataset_info(layout, shards) for layout in layouts]
    return matter


def dataset_info(layout: Layout, shards: list[Written]) -> dict[str, Any]:
    its = [file for file in shards if config_and_split(file)[0] == layout.config]
    return {
        "config_name": layout.config,
        "features": [column.yaml for column in layout.columns],
        "splits": [
            {
                "name": split,
                "num_bytes": sum(file.num_bytes for file in its if config_and_split(file)[1] == split),
                "num_examples": sum(file.rows for file in its if config_and_split(file)[1] == split),
            }
            for split in splits_of(layout, shards)
        ],
        "download_size": sum(file.size for file in its),
        "dataset_size": sum(file.num_bytes for file in its),
    }


def size_category(rows: int) -> str:
    return next((name for limit, name in SIZE_CATEGORIES if rows < limit), "n>10M")
