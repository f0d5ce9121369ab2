"""How a step of a build can end: done, tried again, or with the end of the release."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]
from django.db import InterfaceError, OperationalError
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from annotator.choices import UNFINISHED_RELEASES, ReleaseState
from annotator.errors import Conflict, DomainError
from annotator.lib.attempts import ATTEMPTS_MAX
from annotator.models import Release, ReleaseShard
from annotator.releasing.build_progress import Stopped

logger = logging.getLogger(__name__)

# What goes wrong with the files and would go wrong again.
FAILURES = (DomainError, OSError, pa.ArrowException, BotoCoreError, ClientError)
# A database that is away is no failure: the release stays as it is, and is taken up again.
AWAY = (OperationalError, InterfaceError)


class Step:
    """One step of a build, begun so many times. `is_over` says that the release came to its end in it."""

    def __init__(self, release: Release, doing: str, shard: ReleaseShard | None) -> None:
        self.release = release
        self.doing = doing
        self.rows: QuerySet[Release] | QuerySet[ReleaseShard] = (
            Release.objects.filter(pk=release.pk) if shard is None else ReleaseShard.objects.filter(pk=shard.pk)
        )
        self.is_over = False

    def begin(self) -> None:
        """Counted before it begins: somebody who is killed counts nothing any more."""
        if self.tries >= ATTEMPTS_MAX:
            raise Conflict(
                gettext(
                    "Its worker stopped %(tries)s times %(doing)s, perhaps because memory ran out. See the workers' log "
                    "and the system log."
                )
                % {"tries": self.tries, "doing": self.doing},
                code="stopped_too_often",
            )
        self.rows.update(tries=F("tries") + 1)

    def end(self) -> None:
        self.rows.update(tries=0)

    @property
    def tries(self) -> int:
        return self.rows.values_list("tries", flat=True).get()


@contextmanager
def ending(release: Release, doing: str, shard: ReleaseShard | None = None) -> Iterator[Step]:
    """Turns what ends a step into the end of the release; an error that may go away is raised on, and counted."""
    step = Step(release, doing, shard)
    try:
        yield step
    except Stopped:
        step.is_over = True
    except FAILURES as error:
        logger.warning("%s could not be built: %s", release, error, exc_info=None if isinstance(error, DomainError) else error)
        _fail(release, sentence(error))
        step.is_over = True
    except AWAY:
        raise
    except Exception as error:  # ours, or a limit of the worker's: the second try may do better, the fourth will not
        words = f"Error {doing}: {type(error).__name__}: {error}".rstrip(". ")
        if step.tries < ATTEMPTS_MAX:
            Release.objects.filter(pk=release.pk).update(error=f"{words}. Retrying.")
            raise
        logger.exception("%s could not be built", release)
        _fail(release, f"{words}. Stopped after {step.tries} attempts. See the workers' log.")
        step.is_over = True


def _fail(release: Release, error: str) -> None:
    Release.objects.filter(pk=release.pk, state__in=UNFINISHED_RELEASES).update(
        state=ReleaseState.FAILED, error=error, finished_at=timezone.now()
    )


def sentence(error: BaseException) -> str:
    """What went wrong, for a manager."""
    if isinstance(error, DomainError):
        return error.detail
    if isinstance(error, OSError) and error.strerror:
        return f"The files could not be written: {error.strerror.lower()}."
    if isinstance(error, OSError | BotoCoreError | ClientError):
        return "Storage could not be read or written. See the workers' log."
    return "The rows could not be written as Parquet. See the workers' log."
