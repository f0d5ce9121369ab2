"""Imports and their lines: what the database refuses."""

from __future__ import annotations

import pytest

from annotator.models import (
    ImportBatch,
    LineError,
)
from tests import factories as make
from tests.models.constraint_cases import Attempts, assert_refused, change

pytestmark = pytest.mark.django_db

ATTEMPTS = Attempts(
    {
        "import_state_known": lambda: change(make.ImportFactory(), state="lost"),
        "line_error_number_from_one": lambda: LineError.objects.create(line_of=make.ImportFactory(), number=0, message="?"),
    }
)


@ATTEMPTS.refused_by("import_batch_number_unique")
def _() -> None:
    import_ = make.ImportFactory()
    for _ in range(2):
        ImportBatch.objects.create(batch_of=import_, number=1, lines=[])


@ATTEMPTS.refused_by("line_error_once_per_line")
def _() -> None:
    import_ = make.ImportFactory()
    for _ in range(2):
        LineError.objects.create(line_of=import_, number=3, message="?")


@pytest.mark.parametrize("name", sorted(ATTEMPTS))
def test_the_database_refuses(name: str) -> None:
    assert_refused(name, ATTEMPTS[name])


def test_lines_and_batches_are_read_in_order() -> None:
    import_ = make.ImportFactory()
    for number in (2, 1):
        ImportBatch.objects.create(batch_of=import_, number=number, lines=[])
        LineError.objects.create(line_of=import_, number=number, message="?")
    assert list(import_.batches.values_list("number", flat=True)) == [1, 2]
    assert list(import_.line_errors.values_list("number", flat=True)) == [1, 2]
