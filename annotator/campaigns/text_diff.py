"""What is new in a text, for those who know the last one: lines that went and lines that came, by section."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from difflib import SequenceMatcher

HEADING = re.compile(r"#{1,6}\s+(?P<words>.+?)\s*#*")


@dataclass
class SectionDiff:
    """Lines of one section; `section` is its heading, "" before the first."""

    section: str
    removed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)


def compare(old: str, new: str) -> list[SectionDiff]:
    """The sections that differ, in the order of the new text. Blank lines and blanks around lines do not count."""
    before, after = lines_of(old), lines_of(new)
    found: list[SectionDiff] = []
    for kind, old_start, old_end, new_start, new_end in SequenceMatcher(
        None, [line for _, line in before], [line for _, line in after], autojunk=False
    ).get_opcodes():
        if kind == "equal":
            continue
        for section, line in before[old_start:old_end]:
            _section(found, section).removed.append(line)
        for section, line in after[new_start:new_end]:
            _section(found, section).added.append(line)
    return found


def lines_of(text: str) -> list[tuple[str, str]]:
    """Each line with the heading it stands under."""
    section, lines = "", []
    for line in filter(None, map(str.strip, text.splitlines())):
        if heading := HEADING.fullmatch(line):
            section = heading["words"]
        lines.append((section, line))
    return lines


def _section(found: list[SectionDiff], section: str) -> SectionDiff:
    """The entry of a section, made where there is none."""
    entry = next((entry for entry in found if entry.section == section), None)
    if entry is None:
        entry = SectionDiff(section)
        found.append(entry)
    return entry
