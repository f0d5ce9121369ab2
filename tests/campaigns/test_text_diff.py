"""What is new in a text, by section."""

from __future__ import annotations

import pytest

from annotator.campaigns.text_diff import SectionDiff, compare

OLD = "Read this.\n\n# Colours\n\nRed counts.\nBlue counts.\n\n## Shapes ##\n\nCircles only.\n"


@pytest.mark.parametrize(
    ("new", "changes"),
    [
        (OLD, []),
        (OLD.replace("\n\n", "\n\n\n  "), []),
        (OLD.replace("Red", "Green"), [SectionDiff("Colours", ["Red counts."], ["Green counts."])]),
        (OLD + "Squares too.\n", [SectionDiff("Shapes", [], ["Squares too."])]),
        (OLD.replace("Read this.\n", ""), [SectionDiff("", ["Read this."], [])]),
        (
            OLD.replace("Blue counts.\n", "").replace("Circles only.", "All shapes."),
            [SectionDiff("Colours", ["Blue counts."], []), SectionDiff("Shapes", ["Circles only."], ["All shapes."])],
        ),
        (OLD + "# Time\nNo hurry.", [SectionDiff("Time", [], ["# Time", "No hurry."])]),
        (
            "",
            [
                SectionDiff("", ["Read this."]),
                SectionDiff("Colours", ["# Colours", "Red counts.", "Blue counts."]),
                SectionDiff("Shapes", ["## Shapes ##", "Circles only."]),
            ],
        ),
    ],
)
def test_it_names_the_lines_that_went_and_came_under_their_headings(new, changes):
    assert compare(OLD, new) == changes
