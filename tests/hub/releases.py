"""A campaign with two releases, for the tests of the Hub's protocol."""

from __future__ import annotations

from annotator import releasing
from annotator.accounts import api_tokens
from annotator.models import Campaign, Release, User
from tests.factories import CampaignFactory, GuidelineFactory, MemberFactory
from tests.released import make_pair, release_of, vote_all

OUTCOMES = [("aab", "train"), ("bb", "train"), ("ab", "train"), ("aaa", "validation"), ("bbb", "test")]


def two_releases(slug: str = "birds", **fields: object) -> Campaign:
    """The first of two pairs, the second of five."""
    campaign = CampaignFactory(slug=slug, name="Birds", **fields)
    GuidelineFactory(campaign=campaign)
    for number, (choices, split) in enumerate(OUTCOMES):
        vote_all(make_pair(campaign, number, split=split), choices)
        if number in (1, len(OUTCOMES) - 1):
            release_of(campaign)
    return campaign


def manager_key(campaign: Campaign, *scopes: str) -> str:
    """The key of a token of a new manager's, for reading releases unless other scopes are named."""
    return key_of(MemberFactory(campaign=campaign, role="manager").user, *scopes)


def key_of(user: User, *scopes: str) -> str:
    return api_tokens.create_token(user=user, scopes=list(scopes or ["export"]))[1]


def contents(release: Release) -> dict[str, bytes]:
    """The files of the release, by path."""
    files = {}
    for path in release.files.values_list("path", flat=True):
        with releasing.open_file(release, path) as file:
            files[path] = file.read()
    return files
