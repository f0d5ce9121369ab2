"""The first half of a build: one look at the database, from which everything else follows.

It leaves the votes and the leaderboards as finished parquet files, and for each shard of the other configs the rows it will hold.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from annotator.consensus.codes import Ints
from annotator.models import Campaign
from annotator.releasing.card.facts import Facts, facts_of
from annotator.releasing.dataset.compact import IMAGES
from annotator.releasing.dataset.configs import LEADERBOARD, LEADERBOARDS
from annotator.releasing.dataset.image_shards import KnownShard, StagedImages, stage_images
from annotator.releasing.dataset.labels import Labeler, labels_of
from annotator.releasing.dataset.layout import SPLITS, Layout
from annotator.releasing.dataset.parquet import ParquetFile, Written
from annotator.releasing.dataset.records import read_records
from annotator.releasing.dataset.snapshot import CampaignSnapshot, ProgressCallback, snapshot_of
from annotator.releasing.dataset.splits import USUAL_CUT, Cut, shard_name, split_of_path
from annotator.releasing.dataset.staged_rows import ShardPlan, count_taken_down, label_pairs, splits_in, stage_pairs
from annotator.releasing.dataset.vote_files import stage_machine_votes, stage_votes
from annotator.scoring.statistics.load import load_campaign_data


@dataclass(frozen=True)
class Staged:
    facts: Facts
    shard_plans: list[ShardPlan]
    finished: list[Written]
    annotators: list[int] = field(default_factory=list)  # members whose votes were read
    stored_as: dict[str, str] = field(default_factory=dict)  # of what is finished, the paths that share an earlier file

    def save(self, file: Path) -> None:
        with file.open("w") as target:
            json.dump(dataclasses.asdict(self), target)
            target.flush()
            os.fsync(target.fileno())

    @classmethod
    def load(cls, data: bytes) -> Staged:
        saved = json.loads(data)
        return cls(
            facts=Facts.load(saved["facts"]),
            shard_plans=[ShardPlan(**part) for part in saved["shard_plans"]],
            finished=[Written(**file) for file in saved["finished"]],
            annotators=saved.get("annotators", []),
            stored_as=saved.get("stored_as", {}),
        )


def stage(
    campaign: Campaign,
    *,
    rows_folder: Path,
    files_folder: Path,
    report: ProgressCallback,
    configs: Sequence[str] = (),
    cut: Cut = USUAL_CUT,
    known_images: Sequence[KnownShard] = (),
) -> Staged:
    """Read the campaign in one snapshot: finished files go to the one folder, rows that wait for images to the other.

    `known_images` are the files of images that earlier releases have; what is in them is not written again.
    """
    rows_folder.mkdir(parents=True)
    labelled_file = rows_folder.with_name("judged.arrow")
    with snapshot_of(campaign) as snapshot:
        facts, judge, first_votes = count_all(snapshot)
        facts.configs = list(configs)
        report(0.2)
        for is_last_try in (False, True):
            votes, facts.votes = stage_votes(
                snapshot,
                first_votes,
                folder=files_folder,
                report=lambda share: report(0.2 + share * 0.5),
                shard_bytes=cut.bytes,
            )
            label_pairs(snapshot, judge, target=labelled_file, report=lambda share: report(0.7 + share * 0.2))
            if is_last_try or have_train(votes, labelled_file):
                break
            shutil.rmtree(files_folder)
            snapshot.put_all_in_train()
            facts.shares, facts.is_all_in_train = list(snapshot.shares), True
        annotators = snapshot.annotators()
        machine_votes = stage_machine_votes(snapshot, folder=files_folder, shard_bytes=cut.bytes)
        records = read_records(snapshot.query)
        images = StagedImages([], {})
        if IMAGES.config in configs:
            images = stage_images(snapshot.images(), known_images, cut=cut, folder=rows_folder)
    facts.taken_down_with_winner = count_taken_down(labelled_file)
    leaderboards = write_leaderboards(facts, files_folder)
    tables = [write_table(layout, rows, files_folder) for layout, rows in records]
    parts = stage_pairs(
        labelled_file,
        secondary_questions=facts.secondary_questions,
        configs=configs,
        cut=cut,
        folder=rows_folder,
        report=lambda share: report(0.9 + share * 0.1),
    )
    labelled_file.unlink()
    return Staged(
        facts=facts,
        shard_plans=[*parts, *images.plans],
        finished=[*votes, *machine_votes, *leaderboards, *tables, *(file for file, _ in images.reused.values())],
        annotators=annotators,
        stored_as={path: stored_as for path, (_, stored_as) in images.reused.items()},
    )


def have_train(votes: list[Written], labelled_file: Path) -> bool:
    """Whether each config that has rows has some in train. With very few prompts, all may have been drawn for other splits."""
    of_votes = {SPLITS.index(split_of_path(file.path)) for file in votes if file.rows}
    return all(0 in splits for splits in (of_votes, *splits_in(labelled_file)) if splits)


def count_all(snapshot: CampaignSnapshot) -> tuple[Facts, Labeler, Ints]:
    """What hangs on all votes at once: the statistics, the labels, and which votes are first ones, by their sorted ids.

    The columns of votes are let go of with it: some 40 bytes a vote.
    """
    data = load_campaign_data(snapshot.database, snapshot.own)
    labels = labels_of(data, snapshot.campaign["consensus_method"])
    labeler = Labeler(data, labels, snapshot.secondary_questions)
    return facts_of(snapshot, data, labels), labeler, data.first_votes


def write_leaderboards(facts: Facts, folder: Path) -> list[Written]:
    """The one of the primary question, and all. In one split: what is compared are generators, over the prompts of all splits."""
    return [
        write_table(layout, rows, folder)
        for layout, rows in ((LEADERBOARD, facts.leaderboard), (LEADERBOARDS, facts.leaderboards))
    ]


def write_table(layout: Layout, rows: list[dict[str, Any]], folder: Path) -> Written:
    """A small table, in the one file that it has."""
    path = shard_name(layout.config, SPLITS[0], 0, 1)
    with ParquetFile(folder / path, layout) as file:
        if rows:  # an empty row group is one that `datasets` cannot read
            file.write(pa.Table.from_pylist(rows, schema=layout.schema))
        return file.close(path)
