"""Attempts that begin, end, and are cut off."""

from __future__ import annotations

import errno
from contextlib import suppress

import pytest
from django.db import OperationalError

from annotator.lib.attempts import ATTEMPTS_MAX, OutOfAttempts, attempt
from annotator.models import Import
from tests.factories import ImportFactory

pytestmark = pytest.mark.django_db


def attempts() -> int:
    return Import.objects.get().attempts


def test_an_attempt_is_counted_before_the_work_and_there_are_three():
    rows = Import.objects.filter(pk=ImportFactory().pk)
    counted = []
    for _ in range(ATTEMPTS_MAX):
        with suppress(KeyError), attempt(rows):
            counted.append(attempts())
            raise KeyError
    assert counted == [1, 2, 3]
    with pytest.raises(OutOfAttempts), attempt(rows):
        pytest.fail("begun once too often")
    assert attempts() == ATTEMPTS_MAX


@pytest.mark.parametrize(
    ("error", "counted"),
    [(OperationalError("away"), 0), (OSError(errno.ENOSPC, "full"), 0), (OSError(errno.EACCES, "not allowed"), 1)],
    ids=["database", "full disk", "permission"],
)
def test_what_is_nobodys_fault_is_not_counted(error, counted):
    rows = Import.objects.filter(pk=ImportFactory().pk)
    with pytest.raises(type(error)), attempt(rows):
        raise error
    assert attempts() == counted
