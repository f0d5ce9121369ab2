"""Keys that are good no longer, or never were: they open nothing, at once and in every web process."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import timedelta

from django.utils import timezone

from annotator.accounts.api_tokens import create_token
from annotator.choices import Role, Scope
from annotator.models import Campaign, Member, Token, User
from benchmarks.support.passwords import PASSWORD
from tests.attacks.target import Finding, Target
from tests.attacks.visitor import Visitor

SLUG = "tokens"
ADDRESS = f"/api/v1/campaigns/{SLUG}/"
NEW = "a long new phrase"
ASKED = 8  # times, so that each web process is asked


def run(target: Target, guesses: int = 200) -> Iterator[Finding]:
    campaign = Campaign.objects.create(slug=SLUG, name="Tokens")
    for ending in (revoke_with_the_password, revoke, let_expire, switch_its_user_off):
        user = User.objects.create_user(f"token-{ending.__name__}", password=PASSWORD)
        Member.objects.create(campaign=campaign, user=user, role=Role.MANAGER)
        token, key = create_token(user=user, scopes=[Scope.EXPORT])
        before = statuses(target, key)
        ending(target, token)
        after = statuses(target, key)
        what = f"token: {ending.__name__.replace('_', ' ')}"
        yield Finding(what, (before, after) == ({200}, {401}), f"{before}, then {after}")
    yield nothing_else_opens(target, campaign.members.all()[0].user, guesses)


def statuses(target: Target, key: str) -> set[int]:
    """Each time by a connection of its own."""
    found = set()
    for _ in range(ASKED):
        with Visitor(target, token=key) as program:
            found.add(program.get(ADDRESS).status_code)
    return found


def revoke_with_the_password(target: Target, token: Token) -> None:
    with Visitor(target) as owner:
        owner.log_in(token.user.username)
        form = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW, "revoke_tokens": "on"}
        owner.submit("/account/password/", form)


def revoke(target: Target, token: Token) -> None:
    Token.objects.filter(pk=token.pk).update(revoked_at=timezone.now())


def let_expire(target: Target, token: Token) -> None:
    Token.objects.filter(pk=token.pk).update(expires_at=timezone.now() - timedelta(seconds=1))


def switch_its_user_off(target: Target, token: Token) -> None:
    User.objects.filter(pk=token.user_id).update(is_active=False)


def nothing_else_opens(target: Target, user: User, guesses: int) -> Finding:
    """Keys that are guessed or cut short, and a good one anywhere but in its header."""
    token, key = create_token(user=user, scopes=[Scope.EXPORT])
    wrong = [f"dpt_{secrets.token_urlsafe(32)}" for _ in range(guesses)]
    with Visitor(target) as stranger:
        answers = [
            *(stranger.get(ADDRESS, headers={"Authorization": f"Bearer {guess}"}) for guess in wrong),
            *(stranger.get(ADDRESS, headers={"Authorization": f"Bearer {cut}"}) for cut in (key[:-1], f"{key}A", key.upper())),
            stranger.get(ADDRESS, headers={"Authorization": f"Bearer {token.digest}"}),
            stranger.get(ADDRESS, headers={"Cookie": f"sessionid={key}"}),
            *(stranger.get(ADDRESS, params={name: key}) for name in ("token", "access_token", "key")),
        ]
    found = {answer.status_code for answer in answers}
    return Finding(f"token: {len(answers)} keys that are none, or not in their header", found == {401}, str(found))
