"""Writes the tables of docs/performance.md and docs/scale.md from the results in benchmarks/results/.

A table is what stands between `<!-- results: NAME -->` and `<!-- end of results -->`; the words around it are written by hand. To
measure anew: `make bench-votes ARGS="--json benchmarks/results/votes.json"`, then this.

    make bench-report
    make bench-report ARGS=--check      changes nothing, and fails if a document does not agree with the results
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.support import capacity
from benchmarks.support.results import ROOT, Row, read_rows
from benchmarks.support.tables import NOTHING, Column, measured, of, table

RESULTS = ROOT / "benchmarks" / "results"
DOCUMENTS = (ROOT / "docs" / "performance.md", ROOT / "docs" / "scale.md")
MARKED = re.compile(r"(<!-- results: ([\w-]+) -->\n).*?(<!-- end of results -->)", re.DOTALL)
FLAT, FEW_BUFFERS = 1.2, 20  # as benchmarks/pages.py has it
PAGES_SHOWN = 10
PEOPLE = (10_000, 100_000, 1_000_000)
VOTES = (20_000_000, 100_000_000, 1_000_000_000)

PAIRS = of("pairs", "pairs", "{:,}")
MODE = of("mode", "by")
RATE = of("votes_per_s", "votes/s", "{:,.0f}")
TIMES = (of("p50_ms", "p50", "{:.1f} ms"), of("p95_ms", "p95", "{:.1f} ms"), of("p99_ms", "p99", "{:.1f} ms"))
CPU = (
    of("cpu_ms_web", "web", "{:.2f}"),
    of("cpu_ms_postgres", "PostgreSQL", "{:.2f}"),
    of("cpu_ms_worker", "worker", "{:.2f}"),
    of("cpu_ms_valkey", "Valkey", "{:.2f}"),
    of("cpu_ms_beat", "beat", "{:.2f}"),
    of("cpu_ms", "all of these", "{:.2f}"),
)


class Results:
    """The rows of the files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def rows(self, name: str) -> list[Row]:
        file = self.folder / f"{name}.json"
        if not file.exists():
            shown = os.path.relpath(file, ROOT)
            raise SystemExit(f'{shown} is missing. Measure it: make bench-{name} ARGS="--json {shown}"')
        return read_rows(file)

    def costs(self) -> capacity.Costs:
        """Of a vote by the page, in the largest campaign that was measured."""
        by_page = [row for row in self.rows("votes") if row["mode"] == "page"]
        vote = max(by_page, key=lambda row: row["pairs"])
        page = self.rows("page")[0]
        return capacity.Costs(
            web_ms=vote["cpu_ms_web"],
            worker_ms=vote["cpu_ms_worker"],
            postgres_ms=vote["cpu_ms_postgres"],
            valkey_ms=vote["cpu_ms_valkey"],
            log_bytes=vote["log_bytes"],
            stored_bytes=vote["bytes_per_vote"],
            pair_bytes=vote["bytes_per_pair"],
            picture_bytes=page["bytes_per_pair"],
            file_bytes=page["bytes_per_image"],
            web_mb=vote["web_mb"],
            worker_mb=vote["worker_mb"],
        )


def votes(results: Results) -> str:
    rows = results.rows("votes")
    columns = [PAIRS, of("votes", "votes in it", "{:,}"), MODE, of("clients", "clients"), RATE]
    columns += [of("of_one_query", "of the one-query view", "{:.2f}"), *TIMES]
    return table(rows, columns) + "\n\n" + measured(rows)


def vote_costs(results: Results) -> str:
    rows = results.rows("votes")
    columns = [PAIRS, MODE, *CPU, of("cpu_ms_client", "the clients", "{:.2f}")]
    columns += [of("web_busiest", "the busier web process", "{:.0%}")]
    return table(rows, columns) + "\n\n" + measured(rows)


def vote_tables(results: Results) -> str:
    rows = [row for row in results.rows("votes") if row["mode"] == "page"]
    columns = [
        PAIRS,
        of("hot_share", "HOT updates", "{:.0%}"),
        of("index_entries", "index entries", "{:.1f}"),
        of("pages", "pages looked at", "{:.0f}"),
        of("log_bytes", "bytes of log", "{:,.0f}"),
        of("bytes_per_vote", "bytes stored", "{:.0f}"),
    ]
    return table(rows, columns) + "\n\n" + measured(rows)


def flatness(results: Results) -> str:
    """How far the sizes are apart, by mode."""
    rows = results.rows("votes")
    sentences = []
    for mode in dict.fromkeys(row["mode"] for row in rows):
        rates = {row["pairs"]: row["votes_per_s"] for row in rows if row["mode"] == mode}
        least, most = min(rates), max(rates)
        if least < most and rates[least]:
            change = rates[most] / rates[least] - 1
            change_in_words = f"{100 * change:+.0f} %".replace("-", "−")
            sentences.append(f"*{mode}*: {change_in_words} votes/s with {most:,} pairs beside {least:,}.")
    return " ".join(sentences)


def peers(results: Results) -> str:
    rows = sorted(results.rows("peers"), key=lambda row: row["pairs"])
    is_ours = lambda row: row["times"] == 1  # noqa: E731
    times = Column("Diptych has", lambda row: None if is_ours(row) else row["times"], "{:.1f} × as many")
    columns = [of("pairs", "items", "{:,}"), of("tool", "tool"), of("votes_per_s", "votes/s", "{:,.1f}"), *TIMES[:2], times]
    return table(rows, columns) + "\n\n" + measured(rows)


def servers(results: Results) -> str:
    rows = results.rows("servers")
    columns = [of("server", "server"), RATE, *TIMES, of("one_query_per_s", "one query/s", "{:,.0f}")]
    return table(rows, columns) + "\n\n" + measured(rows)


def page(results: Results) -> str:
    rows = results.rows("page")
    columns = [
        of("pace", "judged"),
        *(of(f"painted_{rank}_ms", f"key press to next pair painted, {rank}", "{:.0f} ms") for rank in ("p50", "p95", "p99")),
        of("first_votable_ms", "first load to first votable pair", "{:.0f} ms"),
        Column("of a pair", lambda row: row["bytes_per_pair"] / 1000, "{:.0f} kB"),
        of("pairs_per_s", "pairs/s", "{:.2f}"),
        of("layout_shift", "layout shift", "{:g}"),
    ]
    return table(rows, columns) + "\n\n" + measured(rows)


def release(results: Results) -> str:
    rows = results.rows("release")
    columns = [
        of("what", "what"),
        Column("ours", lambda row: f"{row['ours']:,.0f} {row['unit']}"),
        Column("floor", lambda row: f"{row['floor']:,.0f} {row['unit']}"),
        of("share", "share", "{:.2f}"),
        Column("by CPU", lambda row: row.get("share_by_cpu"), "{:.2f}"),
        of("peak_mb", "memory at most", "{:,.0f} MB"),
    ]
    return table(rows, columns) + "\n\n" + measured(rows)


def imports(results: Results) -> str:
    rows = [row for row in results.rows("import") if row["of"] == "import"]
    columns = [
        of("name", "format"),
        of("cpu_ms", "CPU of an image", "{:.1f} ms"),
        of("staging_cpu_ms", "of it reading the ZIP and staging", "{:.1f} ms"),
        of("database_cpu_ms", "of it PostgreSQL", "{:.1f} ms"),
        Column("images/s by CPU", lambda row: f"{row['images_per_s_by_cpu']:.0f} on {row['cores']} cores"),
        of("later_cpu_ms", "the copy of 1280 pixels, later", "{:.1f} ms"),
        of("memory_mb", "memory of all processes", "{:,.0f} MB"),
    ]
    return table(rows, columns) + "\n\n" + measured(rows)


def import_steps(results: Results) -> str:
    rows = [row for row in results.rows("import") if row["of"] == "steps"]
    named = {"decode": "decode", "resize": "shrink", "encode_640": "encode 640", "strip": "strip", "phash": "perceptual hash"}
    named |= {"all": "all of it", "floor": "floor"}
    columns = [
        of("name", "CPU ms"),
        of("kb", "size", "{:,} KB"),
        *(of(f"{name}_ms", title, "{:.1f}") for name, title in named.items()),
        of("share", "share", "{:.2f}"),
        of("later_ms", "1280 later", "{:.1f}"),
    ]
    return table(rows, columns) + "\n\n" + measured(rows)


def processes(results: Results) -> str:
    rows = sorted(results.rows("scale"), key=lambda row: (row["web"], row["workers"]))
    columns = [of("web", "web processes"), of("workers", "worker processes"), RATE, of("p95_ms", "p95", "{:.1f} ms"), *CPU]
    cores = " and ".join(dict.fromkeys(row["cores"] for row in rows))
    return table(rows, columns) + f"\n\n{measured(rows)} Cores: {cores}."


def costs(results: Results) -> str:
    each = results.costs()
    rows = [
        {"of": "web server", "costs": f"{each.web_ms:.2f} ms of a core"},
        {"of": "workers: assigning", "costs": f"{each.worker_ms:.2f} ms of a core"},
        {"of": "PostgreSQL", "costs": f"{each.postgres_ms:.2f} ms of a core"},
        {"of": "Valkey", "costs": f"{each.valkey_ms:.2f} ms of a core"},
        {"of": "write-ahead log", "costs": f"{each.log_bytes:,.0f} bytes"},
        {"of": "database: vote and assignment with their indexes", "costs": f"{each.stored_bytes:,.0f} bytes"},
        {"of": "database: its share of its pair", "costs": f"{each.pair_bytes / capacity.VOTES_A_PAIR:,.0f} bytes"},
        {"of": "images of a pair, as a browser loads them", "costs": f"{each.picture_bytes / 1000:,.0f} kB"},
        {"of": "images of a pair, as they are stored", "costs": f"{2 * each.file_bytes / 1000:,.0f} kB a pair, not a vote"},
    ]
    return table(rows, [of("of", "of a vote"), of("costs", "costs")]) + "\n\n" + measured(results.rows("votes"))


def people(results: Results) -> str:
    """What so many people need."""
    needed = [capacity.needs(results.costs(), annotators) for annotators in PEOPLE]
    lines: list[tuple[str, Callable[[capacity.Needs], str]]] = [
        ("votes/s", lambda need: f"{need.votes_per_s:,.0f}"),
        ("cores of web servers, a process each", lambda need: f"{need.web_cores:,}"),
        ("cores of workers for assigning", lambda need: f"{need.worker_cores:,}"),
        ("GB of memory of these processes", lambda need: f"{need.memory_gb:,.1f}"),
        ("cores of PostgreSQL", lambda need: f"{need.database_cores:,}"),
        ("MB of write-ahead log a second", lambda need: f"{need.log_mb_per_s:,.0f}"),
        ("primaries of PostgreSQL", lambda need: f"{need.databases:,}"),
        ("servers of Valkey", lambda need: f"{need.valkeys:,}"),
        ("votes a day", lambda need: f"{need.votes_a_day:,.0f}"),
        ("GB that the database grows a day", lambda need: f"{need.database_gb_a_day:,.0f}"),
        ("Gbit/s of images from the CDN", lambda need: f"{need.picture_gbit_per_s:,.1f}"),
    ]
    columns = [of("what", "people at once")]
    columns += [Column(f"{need.annotators:,}", lambda row, need=need: row["of"](need)) for need in needed]  # type: ignore[misc]
    return table([{"what": title, "of": cell} for title, cell in lines], columns)


def storage(results: Results) -> str:
    """What so many votes take in the database, how deep its indexes are then, and how many pages a vote looks at, at most."""
    each = results.costs()
    largest = max((row for row in results.rows("votes") if row["mode"] == "page"), key=lambda row: row["pairs"])
    entry = largest["bytes_per_index_entry"]
    levels_now = capacity.index_levels(largest["votes"], entry)
    rows = []
    for number in VOTES:
        levels = capacity.index_levels(number, entry)
        rows.append(
            {
                "votes": number,
                "gigabytes": capacity.database_gigabytes(each, number),
                "pictures": number / capacity.VOTES_A_PAIR * 2 * each.file_bytes / 1e12,
                "levels": levels,
                "pages": largest["pages"] * max(1.0, levels / levels_now),
            }
        )
    columns = [
        of("votes", "votes", "{:,}"),
        of("gigabytes", "GB in the database", "{:,.0f}"),
        of("pictures", f"TB of images, with {capacity.VOTES_A_PAIR} votes a pair", "{:,.1f}"),
        of("levels", "levels of an index on all votes"),
        of("pages", "pages that a vote looks at, at most", "{:,.0f}"),
    ]
    measured_in = f"{largest['votes']:,} votes, whose indexes have {levels_now} levels"
    about = (
        f"Computed from {measured_in} and on which a vote looks at {largest['pages']:.0f} pages. "
        f"An index entry takes {entry:.0f} bytes, so a page has {capacity.entries_a_page(entry)} of them."
    )
    return f"{table(rows, columns)}\n\n{about}"


def pages(results: Results) -> str:
    """The pages that read the most in the largest campaign, and every one that grows."""
    rows = results.rows("pages")
    least, most = min(row["pairs"] for row in rows), max(row["pairs"] for row in rows)
    found = []
    for name in dict.fromkeys(row["page"] for row in rows):
        small, large = (next(row for row in rows if (row["page"], row["pairs"]) == (name, pairs)) for pairs in (least, most))
        figures: Row = {"page": name, "small": small["buffers"], "large": large["buffers"]}
        figures |= {f"cpu_{size}": row["cpu_ms"] + row["database_cpu_ms"] for size, row in (("small", small), ("large", large))}
        figures["growth"] = figures["large"] / max(figures["small"], 1)
        has_grown = figures["growth"] > FLAT and figures["large"] - figures["small"] > FEW_BUFFERS
        found.append(figures | {"has_grown": "grows" if has_grown else "flat"})
    found.sort(key=lambda row: -row["large"])
    shown = [row for place, row in enumerate(found) if place < PAGES_SHOWN or row["has_grown"] == "grows"]
    columns = [
        of("page", "page"),
        of("small", f"buffers, {least:,} pairs", "{:,}"),
        of("large", f"{most:,} pairs", "{:,}"),
        of("has_grown", "it is"),
        of("cpu_small", f"ms of CPU, {least:,} pairs", "{:.0f}"),
        of("cpu_large", f"{most:,} pairs", "{:.0f}"),
    ]
    flat = sum(row["has_grown"] == "flat" for row in found)
    about = (
        f"Of {len(found)} lists and pages, {flat} are flat. The table has the {PAGES_SHOWN} that read most, and those that grow."
    )
    return f"{table(shown, columns)}\n\n{about} {measured(rows)}"


def review(results: Results) -> str:
    rows = results.rows("review")
    columns = [
        of("votes", "votes", "{:,}"),
        of("how", "counted"),
        of("tuples", "rows and index entries read", "{:,}"),
        of("cpu_ms", "ms of CPU in Python", "{:,.0f}"),
        of("database_cpu_ms", "in PostgreSQL", "{:,.0f}"),
    ]
    return table(rows, columns) + "\n\n" + measured(rows)


def before_after(results: Results) -> str:
    """Beside what was measured before the work on speed, on a quiet machine of the same kind."""
    rows = []
    for row in results.rows("before"):
        key, now = _now(results, row["name"], row["pairs"])
        value, load = (now[key], now["load"]) if now else (None, None)
        rows.append(
            {
                "what": row["what"],
                "before": _in_form(row["before"], row["form"]),
                "now": _in_form(value, row["form"]),
                "load": load,
            }
        )
    columns = [of("what", "what"), of("before", "before"), of("now", "now")]
    return table(rows, [*columns, of("load", "load of the machine by other work, now", "{:.0f}")])


def _now(results: Results, name: str, pairs: int) -> tuple[str, Row | None]:
    """The row that has it now, and under which name; None where it was not measured."""
    file, key, which = {
        "potato": ("peers", "times", {"tool": "potato"}),
        "training page": ("pages", "cpu_ms", {"page": "training"}),
        "release": ("release", "share", {"what": "the whole release"}),
        "import": ("import", "cpu_ms", {"of": "import", "name": "JPEG"}),
    }.get(name, ("votes", name, {"mode": "page"}))
    for row in results.rows(file):
        is_it = all(value in str(row.get(of_row)).split(", ")[-1] for of_row, value in which.items())
        if is_it and row.get("pairs", pairs) == pairs and row.get("mode", "page") == "page":
            return key, row
    return key, None


def _in_form(value: float | None, form: str) -> str:
    return NOTHING if value is None else form.format(value)


VIEWS: dict[str, Callable[[Results], str]] = {
    "votes": votes,
    "vote-costs": vote_costs,
    "vote-tables": vote_tables,
    "flatness": flatness,
    "peers": peers,
    "servers": servers,
    "page": page,
    "release": release,
    "import": imports,
    "import-steps": import_steps,
    "processes": processes,
    "costs": costs,
    "people": people,
    "storage": storage,
    "pages": pages,
    "review": review,
    "before-after": before_after,
}


def written(text: str, results: Results) -> str:
    """The document with its tables made anew."""

    def filled(found: re.Match[str]) -> str:
        if found[2] not in VIEWS:
            raise SystemExit(f"There are no results named {found[2]!r}. Use one of {', '.join(VIEWS)}.")
        return f"{found[1]}\n{VIEWS[found[2]](results)}\n\n{found[3]}"

    return MARKED.sub(filled, text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; fail if a document does not agree")
    is_check = parser.parse_args().check
    differs = False
    for document in DOCUMENTS:
        before = document.read_text()
        after = written(before, Results(RESULTS))
        print(f"{document.relative_to(ROOT)}: {'as it was' if before == after else 'differs' if is_check else 'written'}")
        differs |= before != after
        if not is_check:
            document.write_text(after)
    sys.exit(1 if is_check and differs else 0)


if __name__ == "__main__":
    main()
