"""What the card says of a release: the statistics of its own snapshot, and what only a card tells. The same votes give the same
card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np

from annotator.consensus.codes import Ints
from annotator.models.campaign_rules import RULES, CrowdRules
from annotator.releasing.dataset.columns import LABEL
from annotator.releasing.dataset.labels import QuestionLabels
from annotator.releasing.dataset.snapshot import CampaignSnapshot
from annotator.releasing.dataset.vote_files import VoteCount
from annotator.scoring.statistics.compute import statistics_from
from annotator.scoring.statistics.leaderboards import REFUSED
from annotator.scoring.statistics.load import HELD, NONE, A, B, CampaignData
from annotator.scoring.statistics.schema import HeldOut, LabelMethod

# A completion code is worth money: it is for people who have finished, and not kept with a release.
CROWD_RULES = {field.name for field in CrowdRules._meta.local_fields}


@dataclass
class Facts:
    """What the card says about a campaign, all of it as it was in the snapshot."""

    slug: str
    name: str
    description: str
    questions: list[dict[str, Any]]  # slug, text, choices; the first is primary
    guidelines: list[dict[str, Any]]  # version, text
    statistics: dict[str, Any]  # as the page and the REST API have them, without what hangs on the time
    consents: list[dict[str, Any]] = field(default_factory=list)  # version, text, people
    licence: str = ""
    citation: str = ""
    method: str = "majority"
    configs: list[str] = field(default_factory=list)  # that were chosen for this release; none: the usual ones
    shares: list[float] = field(default_factory=lambda: [0.8, 0.1, 0.1])
    is_all_in_train: bool = False  # because there are too few prompts for several splits
    rules: dict[str, Any] = field(default_factory=dict)  # of the campaign, by the names of its columns
    prompts: int = 0  # that have pairs
    prompts_voted: int = 0  # with a vote that counts
    generators: list[str] = field(default_factory=list)  # of the images in pairs
    held_with_winner: int = 0
    taken_down_with_winner: int = 0  # not held: an image of theirs is gone
    without_generators: int = 0  # pairs that no leaderboard can use: a generator is not stated, or both are the same
    overlap: dict[str, int] = field(default_factory=dict)  # votes on a pair → pairs; JSON knows only text as keys
    labels: dict[str, dict[str, int]] = field(default_factory=dict)  # question → label → pairs
    votes: list[VoteCount] = field(default_factory=list)
    votes_by_annotator: list[int] = field(default_factory=list)  # of those that count, the most first
    first_vote: str = ""  # the day of the first vote that counts, as 2026-01-31
    last_vote: str = ""
    review_rules: list[dict[str, Any]] = field(default_factory=list)  # outcome, measure, threshold, minimum; those in force
    actions: list[dict[str, Any]] = field(default_factory=list)  # kind, actions, by_rule, people
    rule_actions: list[dict[str, Any]] = field(default_factory=list)  # the same by rule and version, with what it went by
    crowd_people: int = 0  # of those whose votes count
    machines: dict[str, int] = field(default_factory=dict)  # members, votes

    @property
    def secondary_questions(self) -> list[str]:
        """The slugs of the questions after the first."""
        return [question["slug"] for question in self.questions[1:]]

    @property
    def primary(self) -> str:
        return self.questions[0]["slug"] if self.questions else ""

    @property
    def pairs(self) -> int:
        return int(self.statistics["progress"]["pairs"])

    @property
    def gold_pairs(self) -> int:
        return int(self.statistics["progress"]["pairs_gold"])

    @property
    def overlap_is_adaptive(self) -> bool:
        overlap = self.statistics["overlap"]
        return bool(overlap["votes_max"] > overlap["votes_wanted"])

    @property
    def languages(self) -> list[str]:
        """Those that are stated."""
        return [row["name"] for row in self.statistics["languages"] if row["name"]]

    @property
    def leaderboard(self) -> list[dict[str, Any]]:
        """Its rows, the best first; none where there is no ranking."""
        found = self.statistics["leaderboard"]
        return [] if found["refusal"] else list(found["generators"])

    @property
    def leaderboards(self) -> list[dict[str, Any]]:
        """The rows of all leaderboards, of each question on all prompts and then by category."""
        return [
            {"question": board["question"], "category": board["category"], **row}
            for board in self.statistics["leaderboards"]
            if not board["refusal"]
            for row in board["generators"]
        ]

    @property
    def no_leaderboard(self) -> str:
        """Why there is none, as the end of a sentence."""
        refusal = self.statistics["leaderboard"]["refusal"] or "no votes were cast on images of two different generators"
        return str(refusal.removeprefix(REFUSED).partition(". ")[0])

    @classmethod
    def load(cls, saved: dict[str, Any]) -> Facts:
        return cls(**{**saved, "votes": [VoteCount(**count) for count in saved["votes"]]})


def facts_of(snapshot: CampaignSnapshot, data: CampaignData, labels: Sequence[QuestionLabels]) -> Facts:
    """All but the votes by kind, which are counted on their way into their files."""
    campaign = snapshot.campaign
    # Without the time, and without what takes long and no card tells.
    statistics = statistics_from(
        data,
        campaign=campaign["slug"],
        consensus_method=campaign["consensus_method"],
        now=None,
        label_methods=_label_methods(data, labels),
        compares_texts=False,
    )
    [people] = snapshot.query(_CROWD_SQL)
    return Facts(
        slug=campaign["slug"],
        name=campaign["name"],
        description=campaign["description"],
        licence=campaign["licence"],
        citation=campaign["citation"],
        method=campaign["consensus_method"],
        shares=list(snapshot.shares),
        rules={name: campaign[name] for name in RULES if name not in CROWD_RULES},
        questions=[{key: question[key] for key in ("slug", "text", "choices")} for question in snapshot.questions],
        statistics=statistics.as_json(),
        guidelines=snapshot.query(
            "SELECT version, text FROM annotator_guideline"
            " WHERE campaign_id = {own} AND published_at IS NOT NULL ORDER BY version"
        ),
        consents=snapshot.query(
            "SELECT said.version, said.text, (SELECT count(*) FROM annotator_consent consent"
            " JOIN annotator_member member ON member.id = consent.member_id"
            " WHERE consent.text_id = said.id AND {is_released}) AS people"
            " FROM annotator_consenttext said WHERE said.campaign_id = {own} ORDER BY said.version"
        ),
        review_rules=snapshot.query(
            "SELECT outcome, measure, threshold, minimum, version, test_version FROM annotator_reviewrule"
            " WHERE campaign_id = {own} AND enabled ORDER BY outcome, measure"
        ),
        actions=snapshot.query(_ACTIONS_SQL),
        rule_actions=snapshot.query(_RULE_ACTIONS_SQL),
        crowd_people=people["crowd_people"],
        **_of_votes(data),
        **_of_pairs(data, labels),
    )


def _label_methods(data: CampaignData, labels: Sequence[QuestionLabels]) -> list[LabelMethod]:
    """Without what may differ between machines on the same votes."""
    return [
        LabelMethod(
            question=slug,
            method=its.fit.method,
            converged=its.fit.converged,
            iterations=0,
            reason=its.fit.reason,
            held_out=[HeldOut(method, value) for method, value in its.fit.held_out.items()],
        )
        for (slug, _), its in zip(data.questions, labels, strict=True)
        if its.fit is not None
    ]


def _of_votes(data: CampaignData) -> dict[str, Any]:
    counted, by_machine = data.counted, data.votes.member[data.is_machine[data.votes.member]]
    times = [counted.at.min(), counted.at.max()] if len(counted) else []
    days = [datetime.fromtimestamp(int(at), UTC).date().isoformat() for at in times] or ["", ""]
    by_annotator = np.bincount(counted.member)
    return {
        "votes_by_annotator": np.sort(by_annotator[by_annotator > 0])[::-1].tolist(),
        "first_vote": days[0],
        "last_vote": days[1],
        "machines": {"members": len(np.unique(by_machine)), "votes": len(by_machine)},
    }


def _of_pairs(data: CampaignData, labels: Sequence[QuestionLabels]) -> dict[str, Any]:
    pairs = data.pairs
    primary = labels[0].label if labels else np.zeros(0, dtype=np.int64)
    a, b = pairs.generator_a, pairs.generator_b
    makers = np.union1d(a, b)
    votes, times = np.unique(data.primary_counts.sum(axis=1), return_counts=True)
    return {
        "prompts": len(np.unique(pairs.prompt)),
        "prompts_voted": len(np.unique(pairs.prompt[data.primary_counts.any(axis=1)])),
        "generators": sorted(data.generators[code] for code in makers[makers != NONE].tolist()),
        "held_with_winner": int(((pairs.state == HELD) & ((primary == A) | (primary == B))).sum()),
        "without_generators": int(((a == NONE) | (b == NONE) | (a == b)).sum()),
        "overlap": {str(each): number for each, number in zip(votes.tolist(), times.tolist(), strict=True)},
        "labels": {slug: _by_label(its.label) for (slug, _), its in zip(data.questions, labels, strict=True)},
    }


def _by_label(label: Ints) -> dict[str, int]:
    return {name: int((label == code).sum()) for code, name in enumerate(LABEL["names"])}


_ACTIONS_SQL = """
    SELECT action.kind, count(*) AS actions, count(action.rule_id) AS by_rule, count(DISTINCT member.id) AS people
    FROM annotator_act action JOIN annotator_member member ON member.id = action.member_id
    WHERE member.campaign_id = {own} AND {is_released} GROUP BY action.kind ORDER BY action.kind
"""
_RULE_ACTIONS_SQL = """
    SELECT action.kind, rule.measure, action.rule_version, action.test_version,
           (action.figures->>'threshold')::float8 AS threshold, (action.figures->>'minimum')::int AS minimum,
           count(*) AS actions, count(DISTINCT member.id) AS people,
           count(*) FILTER (WHERE action.actor_id IS NULL) AS automatic
    FROM annotator_act action
    JOIN annotator_member member ON member.id = action.member_id
    JOIN annotator_reviewrule rule ON rule.id = action.rule_id
    WHERE member.campaign_id = {own} AND {is_released} GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
"""
_CROWD_SQL = """
    SELECT count(*) AS crowd_people FROM annotator_crowdidentity identity
    JOIN annotator_member member ON member.id = identity.member_id
    WHERE identity.campaign_id = {own} AND {is_released} AND EXISTS (
        SELECT FROM annotator_assignment seat WHERE seat.member_id = member.id AND seat.state = 'answered'
    )
"""
