"""The bytes of a yanked release."""

from __future__ import annotations

import pytest

from annotator.releasing import withdrawal
from annotator.releasing.yanked_files import remove_files
from tests.released import folder_of, release_of

# What is released has to be committed: it is read on a connection of its own.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("few_charts")]


@pytest.mark.usefixtures("judged")
def test_they_go_once_and_what_somebody_else_keeps_there_stays(campaign):
    release = release_of(campaign)
    withdrawal.yank_release(release=release, reason="A mistake.", by=None)
    note = folder_of(release) / "note.txt"
    note.write_text("of somebody else")

    for _ in range(2):
        remove_files(release)

    assert [path for path in folder_of(release).rglob("*") if path.is_file()] == [note]
