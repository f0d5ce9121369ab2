"""`manage.py cross_shard`, as it is typed."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command


def said(*arguments: str) -> list[str]:
    output = StringIO()
    call_command("cross_shard", *arguments, stdout=output)
    return output.getvalue().splitlines()


def test_it_lists_the_statements_of_ours_that_would_run_on_all_shards():
    *listed, sum_of_all = said()

    assert "judging/lock_assignment.sql: annotator_assignment" in listed
    assert sum_of_all.startswith(f"{len(listed)} of ")
    assert sum_of_all.endswith(" statements would run on all shards.")


def test_it_reads_a_log_of_postgres(tmp_path):
    log = tmp_path / "postgres.log"
    log.write_text(
        "LOG:  statement: SELECT * FROM annotator_vote WHERE id = 1\n"
        "LOG:  statement: SELECT * FROM annotator_vote WHERE campaign_id = 1\n"
    )

    assert said(str(log)) == [
        "SELECT * FROM annotator_vote WHERE id = 1: annotator_vote",
        "1 of 2 statements would run on all shards.",
    ]


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(CommandError, match=r"nowhere\.log cannot be read: No such file"):
        said(str(tmp_path / "nowhere.log"))
