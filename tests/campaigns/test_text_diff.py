"""What is new in a text, by section."""

from __future__ import annotations

import pytest

from annotator.campaigns.text_diff import Changed, compare

OLD = "Read this.\n\n# Colours\n\nRed counts.\nBlue counts.\n\n## Shapes ##\n\nCircles only.\n"


@pytest.mark.parametrize(
    ("new", "changes"),
    [
        (OLD, []),
        (OLD.replace("\n\n", "\n\n\n  "), []),
        (OLD.replace("Red", "Green"), [Changed("Colours", ["Red counts."], ["Green counts."])]),
        (OLD + "Squares too.\n", [Changed("Shapes", [], ["Squares too."])]),
        (OLD.replace("Read this.\n", ""), [Changed("", ["Read this."], [])]),
        (
            OLD.replace("Blue counts.\n", "").replace("Circles only.", "All shapes."),
            [Changed("Colours", ["Blue counts."], []), Changed("Shapes", ["Circles only."], ["All shapes."])],
        ),
        (OLD + "# Time\nNo hurry.", [Changed("Time", [], ["# Time", "No hurry."])]),
        (
            "",
            [
                Changed("", ["Read this."]),
                Changed("Colours", ["# Colours", "Red counts.", "Blue counts."]),
                Changed("Shapes", ["## Shapes ##", "Circles only."]),
            ],
        ),
    ],
)
def test_it_names_the_lines_that_went_and_came_under_their_headings(new, changes):
    assert compare(OLD, new) == changes
