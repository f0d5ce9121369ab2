import time
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from annotator.accounts.api_tokens import create_token
from annotator.models import Member, Vote
from benchmarks.support.campaigns import load_campaign, make_annotators
from benchmarks.support.connection import Client
from benchmarks.support.load import log_in
from benchmarks.support.loops import OUT_OF_PAIRS, page, rest

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def user():
    """A member of two campaigns, of three pairs and of two."""
    campaigns = [load_campaign(count, settle=False) for count in (3, 2)]
    [user] = make_annotators(campaigns[0], 1, name="client")
    Member.objects.create(campaign=campaigns[1], user=user)
    return user


def run(loop, port, **order):
    client = Client(port)
    with closing(client):
        loop(client, order | {"slugs": ["bench-3", "bench-2"]}, 0, time.perf_counter() + 60)
    return client


def test_a_client_of_the_page_judges_one_campaign_after_the_other(live_server, user):
    port = urlsplit(live_server.url).port
    client = run(page, port, cookies=[log_in(port, user.username)])

    assert client.problems == [OUT_OF_PAIRS]
    assert client.done == Vote.objects.filter(assignment__member__user=user).count() == 5
    assert sum(timed.votes for timed in client.times) == 5


def test_a_script_does_so_over_rest(live_server, user):
    _, key = create_token(user=user, scopes=["annotate"])
    client = run(rest, urlsplit(live_server.url).port, tokens=[key])

    assert client.problems == [OUT_OF_PAIRS]
    assert client.done == Vote.objects.filter(assignment__member__user=user).count() == 5


def test_a_vote_that_is_refused_is_a_problem(live_server, user):
    port = urlsplit(live_server.url).port
    cookies = log_in(port, user.username) | {"csrftoken": "wrong"}
    client = run(page, port, cookies=[cookies])

    assert client.done == 0
    assert client.problems[0].startswith("403")
