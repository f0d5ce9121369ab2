"""Consensus from a file of votes, without the application: `python -m annotator.consensus METHOD votes.csv`."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

from annotator.consensus import cli_leaderboard, cli_plan
from annotator.consensus.agreement import Level
from annotator.consensus.bradley_terry import NotConnected, Ties
from annotator.consensus.cli_options import at_least, not_negative, share
from annotator.consensus.cli_reports import ALIASES, METHODS, Report
from annotator.consensus.csv_cells import csv_of
from annotator.consensus.vote_table import COLUMNS, BadInput, Table

ROLES = ("task", "worker", "label", "left", "right", "winner", "prompt", "inclusion")
OTHER_NAMES = "; ".join(f"{role}: {', '.join(names[1:])}" for role, names in COLUMNS.items() if role != "truth" and names[1:])
EPILOG = f"""\
methods: {", ".join(METHODS)}; alpha is krippendorff_alpha
`python -m annotator.consensus plan --help` plans how many votes to collect, before there are any or with those so far.

The file is a CSV with a header, in one of these forms:
  labels       task,worker,label
  comparisons  worker,left,right,winner    winner is left, right or tie; task and prompt are optional
  matrix       one row per worker, one column per task, no header, empty cell = no vote
Other columns are ignored. An option such as --task names a column. These names are also recognised:
  {OTHER_NAMES}

The result is a CSV on standard output, or in --out: one row per task, per item (leaderboard, bradley_terry and
noisy_bradley_terry), per rate (position_bias) or per cycle. The parameters are a JSON object on standard error, or in --json:
  python -m annotator.consensus dawid_skene votes.csv > consensus.csv 2> parameters.json
A name that a spreadsheet would run as a formula, such as =A1, gets an apostrophe in front.

If a worker votes on a task twice (on the same occasion, if the file has that column), the repeat is reported and only the
first vote counts. In comparisons, a task is the two items plus the task column. Without a task column, the same two items may
have been on different tasks: leaderboard, bradley_terry, noisy_bradley_terry, position_bias and cycles then count all votes; the
other methods use the two items as the task. --repeats changes this.

krippendorff_alpha draws whole prompts for its interval if the file has that column, otherwise tasks. If votes on a task stopped
when they agreed, alpha over all of them is too high: --first N uses the first N votes of each task.

Bad input: one line on standard error and exit status 2.
"""


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message} (see --help)\n")


def build_parser() -> Parser:
    parser = Parser(
        prog="python -m annotator.consensus",
        description="Compute consensus, scores or agreement from a file of votes.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("method", type=_method, metavar="METHOD", help="one of the methods below")
    parser.add_argument("votes", type=Path, metavar="votes.csv")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the CSV to FILE")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the parameters to FILE")
    parser.add_argument(
        "--truth", type=Path, metavar="FILE", help="CSV task,truth: report the accuracy (methods with a label per task)"
    )
    for role in ROLES:
        parser.add_argument(f"--{role}", metavar="COLUMN", help=f"name of the {role} column")
    parser.add_argument(
        "--matrix", action="store_true", default=None, help="the file is a matrix (default: if the first line has only numbers)"
    )
    parser.add_argument(
        "--repeats",
        choices=("auto", "first", "all"),
        default="auto",
        help="which votes count if a worker votes on a task more than once",
    )
    parser.add_argument("--skip-empty", action="store_true", help="ignore rows with an empty cell instead of failing")
    parser.add_argument(
        "--skip-invalid",
        action="store_true",
        help="also ignore rows that are no votes: a wrong number of cells, an item compared with itself, an unknown winner",
    )
    parser.add_argument("--confidence", type=share, default=0.95, help="confidence of all intervals (default 0.95)")
    parser.add_argument(
        "--smoothing", type=not_negative, default=0.0, help="dawid_skene, one_coin: votes added to each cell in advance"
    )
    iterated = "dawid_skene, one_coin, mace, noisy_bradley_terry"
    parser.add_argument("--tolerance", type=not_negative, help=f"{iterated}: stop when a step is smaller")
    parser.add_argument("--iterations", type=at_least(0), help=f"{iterated}: maximum number of iterations")
    parser.add_argument(
        "--variant",
        choices=("vb", "em"),
        default="vb",
        help="mace: variational Bayes (vb, the default) or EM with smoothing (em)",
    )
    parser.add_argument("--restarts", type=at_least(0), default=10, help="mace: number of starting points (default 10)")
    parser.add_argument(
        "--ties",
        type=Ties,
        choices=list(Ties),
        default=Ties.HALF,
        help="bradley_terry, leaderboard: how ties count (default half)",
    )
    parser.add_argument(
        "--prior", type=not_negative, default=0.0, help="bradley_terry: wins and losses added to each item in advance"
    )
    parser.add_argument(
        "--split",
        action="store_true",
        help="bradley_terry, noisy_bradley_terry: score groups separately if they cannot be compared",
    )
    cli_leaderboard.add_options(parser)
    parser.add_argument(
        "--bootstrap", type=at_least(0), default=1000, help="krippendorff_alpha: samples (default 1000; 0 for none)"
    )
    parser.add_argument(
        "--level",
        type=Level,
        choices=[Level.NOMINAL, Level.ORDINAL],
        default=Level.NOMINAL,
        help="krippendorff_alpha: whether the labels have an order (default nominal)",
    )
    parser.add_argument(
        "--order",
        metavar="LABELS",
        help="krippendorff_alpha: labels from lowest to highest, separated by commas, for --level ordinal",
    )
    parser.add_argument(
        "--first",
        type=at_least(1),
        metavar="N",
        help="krippendorff_alpha, leaderboard: use the first N votes of each task, in file order",
    )
    parser.add_argument("--seed", type=at_least(0), default=0, help="seed of everything random (default 0)")
    return parser


def main(arguments: list[str] | None = None) -> int:
    given = sys.argv[1:] if arguments is None else arguments
    return plan(given[1:]) if given[:1] == ["plan"] else consensus(given)


def plan(arguments: list[str]) -> int:
    """`plan` needs no file of votes, and has options of its own."""
    options = cli_plan.build_parser(Parser).parse_args(arguments)
    try:
        planned = cli_plan.run(options)
        _write(planned.out, sys.stdout, csv_of(planned.columns))
        _write(planned.json, sys.stderr, _encoded(planned.parameters))
    except BadInput as error:
        return _fail(str(error))
    except OSError as error:
        return _fail(f"{error.filename}: {(error.strerror or str(error)).lower()}")
    return 0


def consensus(arguments: list[str]) -> int:
    options = build_parser().parse_args(arguments)
    renamed = {role: getattr(options, role) for role in ROLES}
    try:
        table = Table(
            options.votes,
            renamed={role: name for role, name in renamed.items() if name is not None},
            skip_empty=options.skip_empty,
            skip_invalid=options.skip_invalid,
            matrix=options.matrix,
        )
        report = METHODS[options.method](table, options)
        _write(options.out, sys.stdout, csv_of(report.columns))
        notes = _notes(table, report)
        _write(options.json, sys.stderr, _json_of(options.method, table, report, notes))
    except BrokenPipeError:  # whoever read the output has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (BadInput, NotConnected) as error:
        return _fail(str(error) if isinstance(error, BadInput) else f"{options.votes}: {error}")
    except OSError as error:
        return _fail(f"{error.filename}: {(error.strerror or str(error)).lower()}")
    except (ValueError, MemoryError) as error:
        return _fail(f"{options.votes}: {error or 'not enough memory'}")
    if options.json is not None:
        for note in notes:
            print(f"note: {note}", file=sys.stderr)
    return 0


def _notes(table: Table, report: Report) -> list[str]:
    notes = list(report.notes)
    if table.is_matrix:
        notes.append("Read as a matrix: one row per worker, one column per task.")
    if report.repeats.number:
        fate = "only the first counts" if report.repeats.left_out else "all count"
        notes.insert(0, f"{report.repeats.number} repeated votes by the same worker on a task: {fate}.")
    if table.skipped:
        notes.append(f"{table.skipped} rows with an empty cell were ignored.")
    if invalid := table.invalid.total():
        reasons = ", ".join(f"{number} {what}" for what, number in table.invalid.items() if number)
        notes.append(f"{invalid} invalid row{'s' if invalid > 1 else ''} ignored ({reasons}).")
    return notes


def _json_of(method: str, table: Table, report: Report, notes: list[str]) -> bytes:
    repeats = report.repeats
    whole = {
        "method": method,
        "input": {
            "file": table.path.name,
            "form": table.form,
            "columns": table.used,
            "rows_left_out_empty": table.skipped,
            "rows_left_out_invalid": table.invalid.total(),
            "rows_left_out_invalid_because": {what: number for what, number in table.invalid.items() if number},
            "repeated_votes": repeats.number,
            "repeated_votes_left_out": repeats.number if repeats.left_out else 0,
            "repeated_votes_examples": repeats.examples,
        },
        **report.parameters,
        "notes": notes,
    }
    return _encoded(whole)


def _encoded(parameters: dict[str, Any]) -> bytes:
    return (json.dumps(_plain(parameters), ensure_ascii=False, allow_nan=False, indent=1) + "\n").encode()


def _plain(value: Any) -> Any:
    """Numbers that are none are null: JSON has no other word for them."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _write(path: Path | None, stream: Any, content: bytes) -> None:
    if path is not None:
        path.write_bytes(content)
        return
    stream.flush()
    stream.buffer.write(content)
    stream.buffer.flush()


def _fail(message: str) -> int:
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    return 2


def _method(text: str) -> str:
    name = text.strip().lower().replace("-", "_")
    name = ALIASES.get(name, name)
    if name not in METHODS:
        raise argparse.ArgumentTypeError(f"{text} is not a method; use one of: {', '.join(METHODS)}")
    return name


if __name__ == "__main__":
    sys.exit(main())
