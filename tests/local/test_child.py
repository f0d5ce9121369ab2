"""A process that is kept up: its log, how it ended, and when it is to be started again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from annotator.local.backoff import WAITS
from annotator.local.child import Child


def shell(line: str, folder: Path, **options: object) -> Child:
    return Child("web", ["/bin/sh", "-c", line], folder / "web.log", **options)


async def run(child: Child) -> float | None:
    await child.start()
    return await child.wait()


@pytest.mark.parametrize(("line", "how"), [("exit 3", "ended with exit code 3"), ("kill -KILL $$", "was ended by SIGKILL")])
def test_how_it_ended_and_when_to_start_it_again(tmp_path, line, how):
    child = shell(line, tmp_path)

    assert [asyncio.run(run(child)) for _ in range(2)] == list(WAITS[:2])
    assert child.how_it_ended == how
    assert child.process is None


def test_one_that_could_not_be_started_counts_as_ended_at_once(tmp_path):
    child = shell("exit", tmp_path)

    assert asyncio.run(child.wait()) == WAITS[0]
    assert child.how_it_ended == "could not be started"


def test_it_leads_a_group_of_its_own(tmp_path):
    child = shell("ps -o pid=,pgid= -p $$", tmp_path)
    asyncio.run(run(child))

    pid, group = child.log.read_text().split()
    assert pid == group


def test_each_start_and_note_goes_on_in_the_same_log(tmp_path):
    child = shell("echo $WORD", tmp_path, env={"WORD": "hello"})
    for _ in range(2):
        asyncio.run(run(child))
        child.note("web ended.")

    assert child.log.read_text().splitlines() == ["hello", "ERROR web ended."] * 2
    assert child.end_of_log() == f"The end of {child.log}:\nhello\nERROR web ended.\nhello\nERROR web ended."
