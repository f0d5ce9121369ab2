"""Numbers that options accept, and those that they refuse."""

from __future__ import annotations

import argparse

import pytest

from annotator.consensus import cli_options as options


@pytest.mark.parametrize(
    ("kind", "accepted", "refused", "words"),
    [
        (options.at_least(1), ["1", "20"], ["0", "-3"], "is not 1 or more"),
        (options.positive, ["0.01", "3"], ["0", "-1", "inf", "nan"], "is not above 0"),
        (options.not_negative, ["0", "3"], ["-1", "inf", "nan"], "is not 0 or more"),
        (options.share, ["0.5"], ["0", "1", "nan"], "is not between 0 and 1"),
        (options.share_or_0, ["0", "0.5"], ["1", "-0.1"], "is not from 0 to below 1"),
        (options.share_or_1, ["0", "1"], ["1.1", "-0.1"], "is not from 0 to 1"),
        (options.above_half, ["0.52"], ["0.5", "1"], "is not between 0.5 and 1"),
    ],
)
def test_the_limits_are_kept_and_named(kind, accepted, refused, words):
    assert [kind(text) for text in accepted] == [float(text) for text in accepted]
    for text in refused:
        with pytest.raises(argparse.ArgumentTypeError, match=f"{text} {words}"):
            kind(text)


def test_what_is_no_number_is_refused():
    for kind in (options.at_least(0), options.share):
        with pytest.raises(ValueError, match="many"):
            kind("many")
