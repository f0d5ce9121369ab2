"""The list of a campaign's pairs: filtered, in an order, a page at a time, at the same cost in a campaign of any size.

A page goes through candidates: pair numbers in the order of the list, from one index that serves a filter. The candidates are
checked against all filters some hundred at a time, until the page is full or `LOOKED_AT` of them were looked at. In the second
case the page says how far it got, and the next one goes on from there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db import connection
from django.utils.translation import gettext

from annotator.choices import Label
from annotator.errors import Invalid
from annotator.models import Campaign, Question
from annotator.models.material import NEAR_IDENTICAL_DISTANCE

LOOKED_AT = 4_000  # candidates for one page
STEP_GROWS = 4  # times as many candidates are checked at once, where few of those before were in the list
WORDS_MOST = 1_000  # prompts with the words, up to which the list goes through their pairs alone
# Without spaces between words, so that the parser of full-text search finds no words in them.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")

Key = tuple[float, ...]


class Row(NamedTuple):
    """A pair in the list, and its place there."""

    pair_id: int
    place: str


@dataclass(frozen=True)
class PairFilter:
    """What a list of pairs is to have, and its order. Empty: all pairs by number."""

    words: str = ""
    state: str = ""
    label: str = ""
    confidence_min: float | None = None
    confidence_max: float | None = None
    agreement_max: float | None = None
    flagged: bool = False
    alike: bool = False
    gold: str = ""
    generator: int | None = None
    category: str = ""
    language: str = ""
    import_id: int | None = None
    annotator: int | None = None
    seconds_min: float | None = None
    seconds_max: float | None = None
    sort: str = ""


@dataclass
class PairRows:
    """A page of the list. `end` is the place of the last candidate that was looked at, where there may be more."""

    rows: list[Row] = field(default_factory=list)
    end: str = ""
    is_full: bool = False


@dataclass(frozen=True)
class Source:
    """An index to go through: SQL of `(key columns…, pair_id)`, and the columns of the key. `place` is a row of these."""

    sql: str
    keys: tuple[str, ...]
    pair: str = "pair.id"

    def candidates(self, parameters: dict[str, Any], after: Key | None, limit: int, *, backward: bool) -> list[tuple[Key, int]]:
        way, order = ("<", " DESC") if backward else (">", "")
        place = f"({', '.join(self.keys)})"
        bound = ""
        if after is not None:
            parameters = parameters | {f"after_{n}": value for n, value in enumerate(after)}
            bound = f" AND {place} {way} ({', '.join(f'%(after_{n})s' for n in range(len(after)))})"
        ordered = ", ".join(key + order for key in self.keys)
        columns = ", ".join([*self.keys, self.pair])
        return _fetch_keys(f"SELECT {columns} {self.sql}{bound} ORDER BY {ordered} LIMIT {limit:d}", parameters)


class LabelSource(Source):
    """By confidence, over one label or all of them: each label is a range of the index."""

    def candidates(self, parameters: dict[str, Any], after: Key | None, limit: int, *, backward: bool) -> list[tuple[Key, int]]:
        labels = [parameters["label"]] if parameters["label"] else Label.values
        found = [
            one
            for label in labels
            for one in super(LabelSource, self).candidates(parameters | {"label": label}, after, limit, backward=backward)
        ]
        return sorted(found, reverse=backward)[:limit]


_CAMPAIGN = "pair.campaign_id >= %(campaign)s AND pair.campaign_id <= %(campaign)s"
# Both ends of the campaign, so that only the index that begins with it gives the order.
BY_NUMBER = Source(
    f"FROM annotator_pair pair WHERE {_CAMPAIGN}",
    ("pair.campaign_id", "pair.id"),
)
BY_WORDS = Source(
    "FROM annotator_pair pair WHERE pair.prompt_id = ANY(%(prompts)s) AND pair.campaign_id = %(campaign)s", ("pair.id",)
)
BY_ANNOTATOR = Source(
    "FROM (SELECT DISTINCT pair_id AS id FROM annotator_assignment WHERE member_id = %(annotator)s AND state = 'answered') pair"
    " WHERE true",
    ("pair.id",),
)
RETIRED = Source(
    "FROM annotator_adjudication pair WHERE pair.campaign_id = %(campaign)s AND outcome = 'retire' AND undone_at IS NULL",
    ("pair.pair_id",),
    "pair.pair_id",
)
HELD = Source("FROM annotator_pair_seats pair WHERE pair.campaign_id = %(campaign)s AND pair.state = 'held'", ("pair.id",))
GOLD = Source(
    "FROM annotator_pair pair WHERE pair.campaign_id = %(campaign)s AND gold_choice IS NOT NULL AND gold_use = %(gold)s",
    ("pair.id",),
)
GOLD_IN_REVIEW = Source(
    "FROM annotator_pair pair WHERE pair.campaign_id = %(campaign)s AND gold_in_review_since IS NOT NULL", ("pair.id",)
)
OF_IMPORT = Source("FROM annotator_pair pair WHERE pair.imported_in_id = %(import_id)s", ("pair.id",))
ALIKE = Source(
    f"FROM annotator_pair pair WHERE {_CAMPAIGN} AND pair.image_distance <= {NEAR_IDENTICAL_DISTANCE}",
    ("pair.campaign_id", "pair.image_distance", "pair.id"),
)
FLAGGED = Source(
    "FROM annotator_flag flag JOIN annotator_assignment seat ON seat.id = flag.assignment_id"
    " WHERE flag.campaign_id = %(campaign)s AND flag.resolved_at IS NULL AND NOT EXISTS ("
    "SELECT FROM annotator_assignment other JOIN annotator_flag earlier ON earlier.assignment_id = other.id"
    " WHERE other.pair_id = seat.pair_id AND earlier.resolved_at IS NULL AND earlier.id < flag.id)",
    ("flag.id",),
    "seat.pair_id",
)
BY_LABEL = LabelSource(
    "FROM annotator_consensus verdict"
    " WHERE verdict.question_id = %(question)s AND verdict.method = %(method)s AND verdict.label = %(label)s",
    ("verdict.confidence", "verdict.pair_id"),
    "verdict.pair_id",
)

# The filters: when each is needed, and its condition on a candidate. Each looks up rows of the one pair alone, by a subquery for
# a value: one in EXISTS PostgreSQL may turn into a join over all pairs.
_VERDICT = (
    "(SELECT {} FROM annotator_consensus verdict WHERE verdict.pair_id = pair.id AND verdict.question_id = %(question)s"
    " AND verdict.method = %(method)s)"
)
_SECONDS = (
    "(SELECT avg(vote.elapsed_ms) / 1000.0 FROM annotator_assignment seat"
    " JOIN annotator_vote vote ON vote.assignment_id = seat.id AND vote.void_reason IS NULL"
    " WHERE seat.pair_id = pair.id AND vote.question_id = %(question)s)"
)
_FLAGS = (
    "(SELECT count(*) FROM annotator_assignment seat JOIN annotator_flag flag ON flag.assignment_id = seat.id"
    " WHERE seat.pair_id = pair.id AND flag.resolved_at IS NULL)"
)
_RETIRED = (
    "(SELECT count(*) FROM annotator_adjudication gone WHERE gone.campaign_id = %(campaign)s AND gone.pair_id = pair.id"
    " AND gone.outcome = 'retire' AND gone.undone_at IS NULL)"
)
_MATCH = "to_tsvector('simple'::regconfig, COALESCE(prompt.text, '')) @@ to_tsquery('simple', %(words)s)"
CONDITIONS: tuple[tuple[Callable[[PairFilter], bool], str], ...] = (
    (lambda of: of.state in ("open", "settled"), "seats.state = %(state)s"),
    (lambda of: of.state == "held", f"seats.state = 'held' AND {_RETIRED} = 0"),
    (lambda of: of.state == "retired", f"{_RETIRED} > 0"),
    (lambda of: of.label == "none", f"{_VERDICT.format('true')} IS NULL"),
    (lambda of: of.label not in ("", "none"), f"{_VERDICT.format('verdict.label')} = %(label)s"),
    (lambda of: of.confidence_min is not None, f"{_VERDICT.format('verdict.confidence')} >= %(confidence_min)s"),
    (lambda of: of.confidence_max is not None, f"{_VERDICT.format('verdict.confidence')} <= %(confidence_max)s"),
    (lambda of: of.agreement_max is not None, f"{_VERDICT.format('verdict.agreement')} <= %(agreement_max)s"),
    (
        lambda of: of.flagged,
        f"{_FLAGS} > 0",
    ),
    (lambda of: of.alike, f"pair.image_distance <= {NEAR_IDENTICAL_DISTANCE}"),
    (lambda of: of.gold in ("check", "training"), "pair.gold_choice IS NOT NULL AND pair.gold_use = %(gold)s"),
    (lambda of: of.gold == "review", "pair.gold_in_review_since IS NOT NULL"),
    (lambda of: of.gold == "no", "pair.gold_choice IS NULL"),
    (
        lambda of: of.generator is not None,
        "(SELECT count(*) FROM annotator_image image WHERE image.id IN (pair.image_a_id, pair.image_b_id)"
        " AND image.generator_id = %(generator)s) > 0",
    ),
    (lambda of: bool(of.category), "prompt.category = %(category)s"),
    (lambda of: bool(of.language), "prompt.language = %(language)s"),
    (lambda of: of.import_id is not None, "pair.imported_in_id = %(import_id)s"),
    (
        lambda of: of.annotator is not None,
        "(SELECT count(*) FROM annotator_assignment seat WHERE seat.pair_id = pair.id AND seat.member_id = %(annotator)s"
        " AND seat.state = 'answered') > 0",
    ),
    (lambda of: of.seconds_min is not None, f"{_SECONDS} >= %(seconds_min)s"),
    (lambda of: of.seconds_max is not None, f"{_SECONDS} <= %(seconds_max)s"),
)


@dataclass(frozen=True)
class Listing:
    """One list: where its candidates come from, and what they are checked against."""

    source: Source
    backward: bool
    where: str
    parameters: dict[str, Any]

    def page(self, *, after: str = "", before: str = "", size: int) -> PairRows:
        """The rows after (or the last ones before) a place. Raises Invalid for a place that is none of this list's."""
        is_back = bool(before)
        key = self._key(before or after)
        found = PairRows()
        looked_at, step = 0, 2 * size
        while True:
            limit = min(step, LOOKED_AT - looked_at)
            step *= STEP_GROWS
            candidates = self.source.candidates(self.parameters, key, limit, backward=self.backward != is_back)
            looked_at += len(candidates)
            in_list = self._check([pair_id for _, pair_id in candidates])
            for place, pair_id in candidates:
                key = place
                if pair_id in in_list and not any(row.pair_id == pair_id for row in found.rows):
                    found.rows.append(Row(pair_id, _as_text(place)))
                    if len(found.rows) > size:
                        break
            if len(found.rows) > size or len(candidates) < limit or looked_at >= LOOKED_AT:
                has_more = len(found.rows) > size or len(candidates) == limit
                break
        found.is_full = len(found.rows) > size
        found.rows = found.rows[:size]
        if found.is_full:
            found.end = found.rows[-1].place
        elif has_more and key is not None:
            found.end = _as_text(key)
        if is_back:
            found.rows.reverse()
        return found

    def _check(self, pair_ids: list[int]) -> set[int]:
        if not self.where or not pair_ids:
            return set(pair_ids)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pair.id FROM annotator_pair pair JOIN annotator_pair_seats seats ON seats.id = pair.id"  # noqa: S608 - fixed text
                f" JOIN annotator_prompt prompt ON prompt.id = pair.prompt_id WHERE pair.id = ANY(%(ids)s) AND {self.where}",
                self.parameters | {"ids": pair_ids},
            )
            return {pair_id for (pair_id,) in cursor.fetchall()}

    def _key(self, text: str) -> Key | None:
        if not text:
            return None
        parts = text.split("_")
        try:
            key = tuple(float(part) if "." in part or "e" in part else int(part) for part in parts)
        except ValueError:
            key = ()
        if len(key) != len(self.source.keys) or not all(-(2**63) < part < 2**63 for part in key):
            raise Invalid(
                gettext("The place in this list is not valid."), errors={"after": [gettext("Begin at the first page.")]}
            )
        return key


def listing(campaign: Campaign, of: PairFilter) -> Listing:
    """The list of these pairs. A handful of look-ups choose the index that it goes through."""
    question = Question.objects.filter(campaign=campaign, position=0).values_list("pk", flat=True).first() or 0
    parameters: dict[str, Any] = {name: getattr(of, name) for name in PairFilter.__dataclass_fields__} | {
        "campaign": campaign.pk,
        "question": question,
        "method": shown_method(campaign),
        "words": _as_query(of.words),
    }
    where = [f"({condition})" for is_needed, condition in CONDITIONS if is_needed(of)]
    source: Source | None = None
    if of.words:
        condition, source = _of_words(campaign, of.words, parameters)
        where.append(condition)
    return Listing(source or _source(of), of.sort.startswith("-"), " AND ".join(where), parameters)


class Mark(NamedTuple):
    """What the list says of a pair beside its own row."""

    flags: int  # that nobody has resolved
    is_retired: bool


def marks(campaign: Campaign, pair_ids: Iterable[int]) -> dict[int, Mark]:
    """By pair."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT pair.id, {_FLAGS}, {_RETIRED} > 0 FROM unnest(%(ids)s::bigint[]) AS pair (id)",  # noqa: S608 - fixed text
            {"ids": list(pair_ids), "campaign": campaign.pk},
        )
        return {pair_id: Mark(flags, is_retired) for pair_id, flags, is_retired in cursor.fetchall()}


def shown_method(campaign: Campaign) -> str:
    """The label method whose labels the list shows: the campaign's, once it has made some."""
    scoring = getattr(campaign, "scoring", None)
    return (scoring.fitted_method if scoring else "") or "majority"


def _source(of: PairFilter) -> Source:
    by_sort = {"confidence": BY_LABEL, "-confidence": BY_LABEL, "alike": ALIKE}
    wanted: tuple[tuple[bool, Source], ...] = (
        (of.annotator is not None, BY_ANNOTATOR),
        (of.state == "retired", RETIRED),
        (of.gold == "review", GOLD_IN_REVIEW),
        (of.flagged and not of.sort, FLAGGED),
        (of.state == "held", HELD),
        (of.gold in ("check", "training"), GOLD),
        (of.import_id is not None, OF_IMPORT),
        (of.alike and not of.sort, ALIKE),
        (of.label not in ("", "none") and not of.sort, BY_LABEL),
    )
    return by_sort.get(of.sort) or next((source for is_wanted, source in wanted if is_wanted), BY_NUMBER)


def _of_words(campaign: Campaign, words: str, parameters: dict[str, Any]) -> tuple[str, Source | None]:
    """The condition, and the pairs of the prompts with the words where these are few."""
    external = "(pair.external_id = %(text)s OR prompt.external_id = %(text)s)"
    parameters["text"], parameters["part"] = words, f"%{_escaped(words)}%"
    if not parameters["words"]:  # no words in it, or a language that is written without spaces
        return f"(prompt.text ILIKE %(part)s OR {external})", None
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT prompt.id FROM annotator_prompt prompt WHERE prompt.campaign_id = %(campaign)s AND {_MATCH}"  # noqa: S608 - fixed text
            f" LIMIT {WORDS_MOST + 1:d}",
            parameters,
        )
        prompts = [prompt for (prompt,) in cursor.fetchall()]
        cursor.execute(
            "SELECT prompt_id FROM annotator_pair WHERE campaign_id = %(campaign)s AND external_id = %(text)s"
            " UNION SELECT id FROM annotator_prompt WHERE campaign_id = %(campaign)s AND external_id = %(text)s",
            parameters,
        )
        named = [prompt for (prompt,) in cursor.fetchall()]
    condition = f"({_MATCH} OR {external})"
    if len(prompts) > WORDS_MOST:
        return condition, None
    parameters["prompts"] = list({*prompts, *named})
    return condition, BY_WORDS


def _as_query(words: str) -> str:
    """All the words, the last letters of each left open; those in quotes one after the other. Empty where there are none."""
    if _UNSPACED.search(words):
        return ""
    terms = []
    for quoted, single in re.findall(r'"([^"]*)"|([^\s"]+)', words):
        parts = [f"'{part}'" for part in re.findall(r"\w+", quoted or single)]
        if parts and not quoted:
            parts[-1] += ":*"
        if parts:
            terms.append(f"({' <-> '.join(parts)})")
    return " & ".join(terms)


def _escaped(text: str) -> str:
    return re.sub(r"([%_\\])", r"\\\1", text)


def _as_text(key: Iterable[float]) -> str:
    return "_".join(map(repr, key))


def _fetch_keys(sql: str, parameters: dict[str, Any]) -> list[tuple[Key, int]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [(tuple(row[:-1]), row[-1]) for row in cursor.fetchall()]
