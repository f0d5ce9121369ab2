from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from annotator.accounts.api_tokens import find_token
from annotator.models import Token
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def created(*arguments: str) -> str:
    out = StringIO()
    call_command("create_token", *arguments, stdout=out)
    return out.getvalue()


def test_it_prints_the_key_and_nothing_else():
    user = UserFactory()

    printed = created(user.username, "--scope", "export")

    token = find_token(printed.removesuffix("\n"))
    assert token is not None
    assert token.user == user
    assert token.scopes == ["export"]
    assert token.expires_at is None


@pytest.mark.parametrize(
    "arguments",
    [
        ["--scope", "annotate", "export"],
        ["--scope", "export", "--scope", "annotate"],
        ["--scope", "export", "annotate", "export"],
    ],
)
def test_it_takes_several_scopes(arguments):
    created(UserFactory().username, *arguments)

    assert Token.objects.get().scopes == ["annotate", "export"]


def test_it_takes_a_name_and_days():
    created(UserFactory().username, "--scope", "export", "--name", "nightly job", "--days", "7")

    token = Token.objects.get()
    assert token.name == "nightly job"
    assert abs(token.expires_at - timezone.now() - timedelta(days=7)) < timedelta(minutes=1)


def test_it_says_what_to_do_about_a_user_that_is_not_there():
    with pytest.raises(CommandError, match=r"no user 'nobody'.*createsuperuser"):
        created("nobody", "--scope", "export")


def test_it_refuses_a_user_who_was_shut_out():
    user = UserFactory(is_active=False)

    with pytest.raises(CommandError, match="not active"):
        created(user.username, "--scope", "export")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--scope", "everything"], "invalid choice: 'everything'"),
        ([], "required: --scope"),
        (["--scope", "export", "--days", "0"], "whole number from 1"),
        (["--scope", "export", "--days", "99999999999"], "whole number from 1"),
        (["--scope", "export", "--name", "n" * 101], "100 characters"),
    ],
)
def test_it_refuses_wrong_arguments(arguments, words):
    with pytest.raises(CommandError, match=words):
        created(UserFactory().username, *arguments)

    assert not Token.objects.exists()
