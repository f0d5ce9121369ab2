"""Votes from a CSV file: names to codes, and every fault of the file in one sentence with its line.

A file is UTF-8, with or without a byte order mark, separated by commas, semicolons or tabs. Other columns than those that are
needed are left alone. Spaces around names, and around the cells, do not count. Names are sorted: as numbers where all are
whole numbers, else by their characters. Cells are read by Arrow, a column at a time; only where there is a fault is the file
read again line by line, to say where.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from annotator.consensus.bradley_terry import LEFT, RIGHT, TIE
from annotator.consensus.codes import Ints, is_first_vote

# What a column may be called, the first that is there being taken. Case and surrounding spaces do not matter.
COLUMNS = {
    "task": ("task", "task_id", "pair_id", "pair", "item", "unit", "patient"),
    "worker": ("worker", "worker_id", "annotator", "annotator_id", "rater", "coder", "observer"),
    "label": ("label", "choice", "rating", "answer", "response", "value"),
    "left": ("left",),
    "right": ("right",),
    "winner": ("winner",),
    "prompt": ("prompt", "prompt_id"),
    "occasion": ("occasion",),
    "inclusion": (),  # only where it is named
    "truth": ("truth", "label", "gold"),
}
LABELS = ("task", "worker", "label")
SIDES = {"left": LEFT, "right": RIGHT, "tie": TIE}
WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})")
ABOVE_ZERO = re.compile(r"(?=[^e]*[1-9])[0-9]*[.]?[0-9]*(e[-+]?[0-9]{1,2})?", re.IGNORECASE)
BLOCK = 16 << 20  # bytes; no line can be longer
NAMED_MAX = 5
CELLS = "wrong number of cells"


class BadInput(ValueError):
    """A fault of a file or of what was asked, in one sentence."""


class Column(NamedTuple):
    names: list[str]  # sorted
    codes: Ints  # (votes,)


class Repeats(NamedTuple):
    """Votes that an annotator had already given on the task."""

    number: int
    left_out: bool
    examples: list[dict[str, str]]


class Labels(NamedTuple):
    """Votes as choices on tasks; of comparisons, the pair (a, b) in the order of the names, whatever the sides were."""

    task: Column
    worker: Column
    choice: Column
    pair: tuple[list[str], list[str], list[str]] | None  # task, a and b of each task, where votes are comparisons
    repeats: Repeats
    prompt: Column | None = None  # of each vote, where it was asked for and the file has it
    on_left: Ints | None = None  # of each comparison, the choice that was on the left: 0 for a, 1 for b


class Comparisons(NamedTuple):
    worker: Column
    items: list[str]
    left: Ints
    right: Ints
    winner: Ints  # LEFT, RIGHT or TIE
    prompt: Column | None
    repeats: Repeats
    task: Column | None = None  # None: the file names none
    inclusion: Column | None = None  # names are numbers above 0


class Table:
    """The cells of a file by role (task, worker, …)."""

    def __init__(
        self,
        path: Path,
        *,
        renamed: dict[str, str] | None = None,
        skip_empty: bool = False,
        skip_invalid: bool = False,
        matrix: bool | None = None,
    ):
        """With `skip_invalid`, rows that are no votes are left out and counted in `invalid`, and those with empty cells too."""
        self.path, self.renamed, self.skip_invalid = path, renamed or {}, skip_invalid
        self.skip_empty = skip_empty or skip_invalid
        self.skipped = 0
        self.invalid: Counter[str] = Counter()  # rows, by what is wrong
        self.used: dict[str, str] = {}  # role to the column that it was taken from
        self.separator, self.header, self.header_line = self._read_header()
        is_nameless = all(not cell or WHOLE.fullmatch(cell) for cell in self.header)
        if matrix is None and is_nameless and len(self.header) == len(LABELS):
            # Votes without their header look like a matrix of three tasks.
            raise self._fault(f"has no header ({','.join(LABELS)}); for a matrix, use --matrix", self.header_line)
        self.is_matrix = is_nameless if matrix is None else matrix

    @property
    def form(self) -> str:
        if self.is_matrix:
            return "matrix"
        return "comparisons" if all(self._find(role) is not None for role in ("left", "right", "winner")) else "labels"

    def labels(self, *, repeats: str, with_prompts: bool = False) -> Labels:
        """The votes as choices on tasks, in the order of the file. Repeated votes count once, unless `repeats` is `all`.

        Raises BadInput.
        """
        if self.is_matrix:
            return self._matrix()
        if self.form == "comparisons":
            return self._oriented(repeats)
        optional = ("occasion", "prompt") if with_prompts else ("occasion",)
        task, worker, choice, occasion, *prompt = self._columns(*LABELS, optional=optional)
        keys = [column for column in (occasion,) if column is not None]
        is_first, found = self._repeats([task, worker, *keys], ("task", "worker", "occasion"), repeats != "all")
        task, worker, choice = (_only(column, is_first) for column in (task, worker, choice))
        prompts = _only(prompt[0], is_first) if prompt and prompt[0] is not None else None
        return Labels(task, worker, choice, None, found, prompts)

    def comparisons(self, *, repeats: str) -> Comparisons:
        """The votes as comparisons. Where the file names tasks, or `repeats` is `first`, repeated votes count once.

        Raises BadInput.
        """
        columns, pair = self._compared()
        left_out = repeats == "first" or (repeats == "auto" and columns["task"] is not None)
        is_first, found = self._repeated_pairs(columns, pair, left_out)
        prompt, task, inclusion = (columns[role] for role in ("prompt", "task", "inclusion"))
        return Comparisons(
            worker=_only(columns["worker"], is_first),
            items=columns["left"].names,
            left=columns["left"].codes[is_first],
            right=columns["right"].codes[is_first],
            winner=columns["winner"].codes[is_first],
            prompt=None if prompt is None else _only(prompt, is_first),
            repeats=found,
            task=None if task is None else _only(task, is_first),
            inclusion=None if inclusion is None else _only(inclusion, is_first),
        )

    def truth(self) -> tuple[list[str], list[str]]:
        """Tasks and the true choice of each. Raises BadInput."""
        task, truth = self._columns("task", "truth")
        return [task.names[code] for code in task.codes.tolist()], [truth.names[code] for code in truth.codes.tolist()]

    # --- comparisons

    def _compared(self) -> tuple[dict[str, Column], Column]:
        """The columns, left and right with the same names and the winner as a code of SIDES; and the pair of each vote."""
        roles = ("worker", "left", "right", "winner")
        extra = ("task", "prompt", "occasion", "inclusion")
        if self.is_matrix:
            raise self._fault("has no columns left, right and winner")
        found = dict(zip((*roles, *extra), self._columns(*roles, optional=extra), strict=True))
        is_wrong = self._no_comparisons(found)
        if is_wrong.any():
            found = {role: column and _only(column, ~is_wrong) for role, column in found.items()}
        left, right, winner = found["left"], found["right"], found["winner"]
        items = _sorted(left.names + right.names)
        place = {name: code for code, name in enumerate(items)}
        on_left = np.array([place[name] for name in left.names], dtype=np.int64)[left.codes]
        on_right = np.array([place[name] for name in right.names], dtype=np.int64)[right.codes]
        side = np.array([SIDES[name.lower()] for name in winner.names], dtype=np.int64)[winner.codes]
        if (inclusion := found["inclusion"]) is not None:
            for code, name in enumerate(inclusion.names):
                if not ABOVE_ZERO.fullmatch(name):
                    self._complain(inclusion.codes == code, "inclusion", f"is {name!r}; it must be a number above 0")
        found |= {"left": Column(items, on_left), "right": Column(items, on_right), "winner": Column(list(SIDES), side)}
        low, high = np.minimum(on_left, on_right), np.maximum(on_left, on_right)
        return found, Column([], low * len(items) + high)

    def _no_comparisons(self, found: dict[str, Column]) -> np.ndarray:
        """Whether each row is to be left out, because its winner is unknown or both items are the same."""
        left, right, winner = found["left"], found["right"], found["winner"]
        is_wrong = np.zeros(len(winner.codes), dtype=np.bool_)
        for code, name in enumerate(winner.names):
            if name.lower() not in SIDES:
                here = winner.codes == code
                if not self.skip_invalid:
                    self._complain(here, "winner", f"is {name!r}; it must be left, right or tie")
                is_wrong |= here
        self.invalid["unknown winner"] += int(is_wrong.sum())
        place = {name: code for code, name in enumerate(right.names)}
        is_same = np.array([place.get(name, -1) for name in left.names], dtype=np.int64)[left.codes] == right.codes
        if not self.skip_invalid:
            self._complain(is_same, "right", "is the same as left: an item cannot be compared with itself")
        self.invalid["item compared with itself"] += int((is_same & ~is_wrong).sum())
        return is_wrong | is_same

    def _repeated_pairs(self, columns: dict[str, Column], pair: Column, left_out: bool) -> tuple[np.ndarray, Repeats]:
        keys = {"task": columns["task"], "left": columns["left"], "right": columns["right"], "worker": columns["worker"]}
        keys["occasion"] = columns["occasion"]
        named = {role: column for role, column in keys.items() if column is not None}
        by = [pair, *(column for role, column in named.items() if role not in ("left", "right"))]
        is_first, found = self._repeats(by, (), left_out)
        again = np.flatnonzero(~is_first_vote(*(column.codes for column in by)))[:NAMED_MAX].tolist()
        examples = [{role: column.names[column.codes[vote]] for role, column in named.items()} for vote in again]
        return is_first, found._replace(examples=examples)

    def _oriented(self, repeats: str) -> Labels:
        """Choices a, b or tie on (task, pair), a being the first of the two by name."""
        columns, pair = self._compared()
        is_first, found = self._repeated_pairs(columns, pair, repeats != "all")
        items, task = columns["left"].names, columns["task"]
        number = len(items)
        outer = np.zeros_like(pair.codes) if task is None else task.codes
        units, unit = np.unique((outer * number**2 + pair.codes)[is_first], return_inverse=True)
        won, is_swapped = columns["winner"].codes, columns["left"].codes > columns["right"].codes
        choice = np.where(won == TIE, TIE, np.where(is_swapped, 1 - won, won))[is_first]
        a, b = units // number % number if number else units, units % number if number else units
        of_task = ["" for _ in units] if task is None else [task.names[code] for code in (units // number**2).tolist()]
        first, second = [items[code] for code in a.tolist()], [items[code] for code in b.tolist()]
        names = [" / ".join(filter(None, parts)) for parts in zip(of_task, first, second, strict=True)]
        choices = ["a", "b", "tie"] if (choice == TIE).any() else ["a", "b"]
        pairs = (of_task if task is not None else [], first, second)
        task_of, worker = Column(names, unit.reshape(-1)), _only(columns["worker"], is_first)
        prompt = columns["prompt"] and _only(columns["prompt"], is_first)
        on_left = is_swapped[is_first].astype(np.int64)
        return Labels(task_of, worker, Column(choices, choice), pairs, found, prompt, on_left)

    def _matrix(self) -> Labels:
        """A row per annotator, a column per task, no header; an empty cell is no vote."""
        rows = [[cell.strip() for cell in row] for _, row in self._lines()]
        width = len(rows[0]) if rows else 0
        is_whole = [len(row) == width for row in rows]
        for (line, _), row in zip(self._lines(), rows, strict=True):
            if len(row) != width and not self.skip_invalid:
                raise self._fault(f"has {len(row)} cells, but the first line has {width}", line)
        workers = [str(number) for number, whole in enumerate(is_whole, 1) if whole]
        rows = list(itertools.compress(rows, is_whole))
        self.invalid[CELLS] += len(is_whole) - len(rows)
        cells = [(row, column, cell) for row, values in enumerate(rows) for column, cell in enumerate(values) if cell]
        choices = _sorted([cell for _, _, cell in cells])
        place = {name: code for code, name in enumerate(choices)}
        codes = np.array([(row, column, place[cell]) for row, column, cell in cells], dtype=np.int64).reshape(-1, 3)
        tasks = [str(number + 1) for number in range(width)]
        return Labels(
            Column(tasks, codes[:, 1]), Column(workers, codes[:, 0]), Column(choices, codes[:, 2]), None, Repeats(0, True, [])
        )

    # --- columns

    def _find(self, role: str) -> int | None:
        wanted = [self.renamed[role]] if role in self.renamed else list(COLUMNS[role])
        header = [name.casefold() for name in self.header]
        for name in wanted:
            if name.strip().casefold() in header:
                return header.index(name.strip().casefold())
        return None

    def _columns(self, *roles: str, optional: tuple[str, ...] = ()) -> list[Column]:
        """A column per role, then one or None per optional role; a row with an empty cell in any is a fault, or left out."""
        self.invalid.clear()  # of what is read now
        places = {role: self._find(role) for role in (*roles, *optional)}
        for role, place in places.items():
            if place is None and (role in roles or role in self.renamed):
                name = self.renamed.get(role, role)
                raise self._fault(f"has no column {name}; it has: {', '.join(self.header)}", self.header_line)
            if place is not None:
                if [name.casefold() for name in self.header].count(self.header[place].casefold()) > 1:
                    raise self._fault(f"has the column {self.header[place]} twice", self.header_line)
                self.used[role] = self.header[place]
        found = {role: place for role, place in places.items() if place is not None}
        cells = self._cells(sorted(set(found.values())))
        columns = {role: _coded(cells[place]) for role, place in found.items()}
        is_empty = np.zeros(len(next(iter(columns.values())).codes), dtype=np.bool_)
        for role, column in columns.items():
            if "" in column.names:
                here = column.codes == column.names.index("")
                if not self.skip_empty:
                    self._complain(here, role, "is empty")
                is_empty |= here
        self.skipped = int(is_empty.sum())
        if self.skipped:
            columns = {role: _only(column, ~is_empty) for role, column in columns.items()}
        return [columns.get(role) for role in (*roles, *optional)]  # type: ignore[misc]

    def _cells(self, places: list[int]) -> dict[int, pa.ChunkedArray]:
        names = [f"f{place}" for place in range(len(self.header))]
        kept = [names[place] for place in places]
        text = pa.dictionary(pa.int32(), pa.string())
        try:
            table = arrow_csv.read_csv(
                self.path,
                read_options=arrow_csv.ReadOptions(column_names=names, skip_rows=self.header_line, block_size=BLOCK),
                parse_options=arrow_csv.ParseOptions(
                    delimiter=self.separator,
                    newlines_in_values=True,
                    invalid_row_handler=self._leave_out if self.skip_invalid else None,
                ),
                convert_options=arrow_csv.ConvertOptions(
                    include_columns=kept, column_types=dict.fromkeys(kept, text), strings_can_be_null=False
                ),
            )
        except pa.ArrowInvalid as error:
            if not any(True for _ in self._records()):
                return {place: pa.chunked_array([], type=text) for place in places}
            for line, row in self._records():
                if len(row) != len(self.header):
                    raise self._fault(f"has {len(row)} cells, but the header has {len(self.header)}", line) from error
            raise self._fault(f"is not a readable CSV: {str(error).splitlines()[0]}") from error
        return {place: table.column(name) for place, name in zip(places, kept, strict=True)}

    def _leave_out(self, row: arrow_csv.InvalidRow) -> str:
        """For Arrow: what to do with a row that has more or fewer cells than the header."""
        self.invalid[CELLS] += 1
        return "skip"

    def _repeats(self, keys: list[Column], roles: tuple[str, ...], left_out: bool) -> tuple[np.ndarray, Repeats]:
        is_first = is_first_vote(*(column.codes for column in keys))
        again = np.flatnonzero(~is_first)
        named = list(zip(roles, keys, strict=False))
        examples = [{role: column.names[column.codes[vote]] for role, column in named} for vote in again[:NAMED_MAX].tolist()]
        counted = is_first if left_out else np.ones(len(is_first), dtype=np.bool_)
        return counted, Repeats(len(again), left_out, examples)

    # --- the file line by line

    def _read_header(self) -> tuple[str, list[str], int]:
        first = next((row for _, row in self._lines("\0") if row), None)
        if first is None:
            raise self._fault("is empty")
        separator = max(",;\t", key=first[0].count)
        line, header = next((line, row) for line, row in self._lines(separator) if row)
        return separator, [cell.strip() for cell in header], line

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        rows = self._lines()
        next(rows)  # the header
        return rows

    def _lines(self, separator: str | None = None) -> Iterator[tuple[int, list[str]]]:
        """The rows that are not empty, each with the number of its last line."""
        try:
            with self.path.open(encoding="utf-8-sig", newline="") as file:
                if separator == "\0":  # whole lines
                    yield from ((number, [line.strip("\r\n")]) for number, line in enumerate(file, 1) if line.strip())
                    return
                reader = csv.reader(file, delimiter=separator or self.separator)
                yield from ((reader.line_num, row) for row in reader if row)
        except UnicodeDecodeError as error:
            raise self._fault("is not UTF-8 text") from error
        except csv.Error as error:
            raise self._fault(f"is not a readable CSV: {error}") from error
        except OSError as error:
            raise BadInput(f"{self.path}: {(error.strerror or str(error)).lower()}") from error

    def _complain(self, is_wrong: np.ndarray, role: str, complaint: str) -> None:
        """Raises BadInput for the first row that is wrong, if there is one."""
        if not is_wrong.any():
            return
        record = int(np.argmax(is_wrong))
        line = next((line for number, (line, _) in enumerate(self._records()) if number == record), None)
        raise self._fault(f"column {self.used.get(role, role)} {complaint}", line)

    def _fault(self, complaint: str, line: int | None = None) -> BadInput:
        return BadInput(f"{self.path}{'' if line is None else f', line {line}'}: {complaint}")


def _coded(cells: pa.ChunkedArray) -> Column:
    if not len(cells):
        return Column([], np.zeros(0, dtype=np.int64))
    array = cells.unify_dictionaries().combine_chunks()
    array = array.chunk(0) if isinstance(array, pa.ChunkedArray) else array
    given = [name.strip() for name in array.dictionary.to_pylist()]
    names = _sorted(given)
    place = {name: code for code, name in enumerate(names)}
    return Column(names, np.array([place[name] for name in given], dtype=np.int64)[array.indices.to_numpy(zero_copy_only=False)])


def _sorted(names: list[str]) -> list[str]:
    different = set(names)
    return sorted(different, key=int if all(map(WHOLE.fullmatch, different)) else str)


def _only(column: Column, is_kept: np.ndarray) -> Column:
    """Without the names that nothing is left of."""
    codes = column.codes[is_kept]
    used = np.bincount(codes, minlength=len(column.names)) > 0
    if used.all():
        return Column(column.names, codes)
    names = [name for name, is_used in zip(column.names, used.tolist(), strict=True) if is_used]
    return Column(names, (np.cumsum(used) - 1)[codes])
