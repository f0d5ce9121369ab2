"""Who looks at the annotation page in most of its tests."""

from __future__ import annotations

import pytest
from django.test import Client

from annotator.models import Member
from tests.factories import MemberFactory, PairFactory, QuestionFactory


@pytest.fixture
def member() -> Member:
    """An active member of an open campaign with five pairs."""
    member = MemberFactory()
    PairFactory.create_batch(5, campaign=member.campaign)
    return member


@pytest.fixture
def browser(client: Client, member: Member) -> Client:
    client.force_login(member.user)
    return client


@pytest.fixture
def two_questions(member: Member) -> Member:
    QuestionFactory(campaign=member.campaign, slug="beauty", text="Which looks better?", position=1, choices=["a", "b"])
    return member
