"""Strangers at an invite link: too many, too late, as somebody else."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import jwt
from django.urls import reverse
from django.utils import timezone

from annotator.campaigns.invites import create_invite, key_of, revoke_invite
from annotator.choices import Role
from annotator.models import Campaign, Invite, Member, User
from benchmarks.support.passwords import PASSWORD
from tests.attacks.target import Finding, Target
from tests.attacks.visitor import Visitor

LIMIT = 20  # JOIN_RATE_ADDRESS of this site
KEY = "the platform's secret, of 32 bytes or more"
REFUSED = {403, 429}


def run(target: Target) -> Iterator[Finding]:
    campaign = Campaign.objects.create(slug=f"joined-{target.tag}", name="Joined", state="open")
    manager = User.objects.create_user(f"joining-manager-{target.tag}", password=PASSWORD)
    Member.objects.create(campaign=campaign, user=manager, role=Role.MANAGER)
    yield too_many_from_one_address(target, campaign, manager)
    yield too_many_behind_a_claimed_address(target, campaign, manager)
    yield too_many_at_once(target, campaign, manager)
    yield too_late(target, campaign, manager)
    yield as_somebody_else(target, campaign, manager)
    yield unsigned(target, campaign, manager)


def link(invite: Invite) -> str:
    return reverse("join", args=[key_of(invite)])


def come(target: Target, invite: Invite, participant: str, address: str, headers: dict[str, str] | None = None) -> httpx.Response:
    """As somebody whom a crowd platform sends."""
    with Visitor(target, address=address, headers=headers) as visitor:
        return enter(visitor, invite, participant)


def enter(visitor: Visitor, invite: Invite, participant: str) -> httpx.Response:
    return visitor.submit(link(invite), {"PROLIFIC_PID": participant, "consent_version": ""}, {"PROLIFIC_PID": participant})


def participant() -> str:
    return secrets.token_hex(12)


def too_many_from_one_address(target: Target, campaign: Campaign, manager: User) -> Finding:
    invite = create_invite(campaign=campaign, by=manager, for_crowd=True)
    here, elsewhere = target.address(1), target.address(2)
    found = [come(target, invite, participant(), here).status_code for _ in range(LIMIT + 5)]
    other = come(target, invite, participant(), elsewhere).status_code
    is_held = found[:LIMIT] == [302] * LIMIT and set(found[LIMIT:]) <= REFUSED and other == 302
    seen = f"{found.count(302)} joined, then {sorted(set(found[LIMIT:]))}; from elsewhere {other}"
    return Finding(f"joining: {len(found)} people from one address in an hour", is_held, seen)


def too_many_behind_a_claimed_address(target: Target, campaign: Campaign, manager: User) -> Finding:
    """Each says that a proxy passed them on for somebody else."""
    invite = create_invite(campaign=campaign, by=manager, for_crowd=True)
    found = [
        come(target, invite, participant(), target.public_address, {"X-Forwarded-For": f"203.0.113.{number}"}).status_code
        for number in range(LIMIT + 5)
    ]
    is_held = found.count(302) <= LIMIT and set(found[LIMIT:]) <= REFUSED
    return Finding(f"joining: {len(found)} people from one address who claim others", is_held, f"{found.count(302)} joined")


def too_many_at_once(target: Target, campaign: Campaign, manager: User) -> Finding:
    invite = create_invite(campaign=campaign, by=manager, for_crowd=True, uses_max=3)
    with ThreadPoolExecutor(10) as people:
        found = list(
            people.map(lambda number: come(target, invite, participant(), target.address(10 + number)).status_code, range(10))
        )
    members = invite.members.count()
    is_held = found.count(302) == members == 3 and set(found) <= REFUSED | {302}
    return Finding("joining: 10 people at once by a link for 3", is_held, f"{members} members, answers {sorted(set(found))}")


def too_late(target: Target, campaign: Campaign, manager: User) -> Finding:
    """By a link that was revoked, after somebody had come by it; and by one that has expired."""
    invite = create_invite(campaign=campaign, by=manager, for_crowd=True)
    known = participant()
    come(target, invite, known, target.address(30))
    revoke_invite(invite=invite, by=manager)
    old = create_invite(campaign=campaign, by=manager, for_crowd=True, expires_at=timezone.now() + timedelta(hours=1))
    Invite.objects.filter(pk=old.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    tries = [(invite, known), (invite, participant()), (old, participant())]
    found = [come(target, one, name, target.address(31)).status_code for one, name in tries]
    with Visitor(target) as page:
        page.log_in(manager.username)
        listed = page.get(reverse("invite_page", args=[campaign.slug, invite.pk])).text
    name = invite.members.get().user.username
    is_held = set(found) == {403} and name in listed
    seen = f"{found}; who came by it is {'' if name in listed else 'not '}listed"
    return Finding("joining: by a link that was revoked or has expired", is_held, seen)


def as_somebody_else(target: Target, campaign: Campaign, manager: User) -> Finding:
    """With an unsigned name that somebody else had: one session at a time, and managers are told."""
    invite, name = create_invite(campaign=campaign, by=manager, for_crowd=True), participant()
    with Visitor(target, address=target.address(40)) as owner, Visitor(target, address=target.address(41)) as thief:
        enter(owner, invite, name)
        enter(thief, invite, name)
        sessions = owner.is_logged_in + thief.is_logged_in
    with Visitor(target) as page:
        page.log_in(manager.username)
        is_told = "2 browsers" in page.get(reverse("crowd", args=[campaign.slug])).text
    seen = f"{sessions} session, managers are {'' if is_told else 'not '}told"
    return Finding("joining: with an unsigned name of somebody else", sessions == 1 and is_told, seen)


def unsigned(target: Target, campaign: Campaign, manager: User) -> Finding:
    """Where the platform signs: without a signature, with one of another key, with one of no algorithm."""
    invite = create_invite(campaign=campaign, by=manager, for_crowd=True, platform_key=KEY)
    claims = {"PROLIFIC_PID": participant(), "exp": int(timezone.now().timestamp()) + 60, "aud": "127.0.0.1"}
    forged = [jwt.encode(claims, "another secret that is long enough too", "HS256"), jwt.encode(claims, None, "none"), "a.b.c"]
    found = [come(target, invite, participant(), target.address(50)).status_code]
    with Visitor(target, address=target.address(51)) as visitor:
        for token in forged:
            found += [visitor.get(link(invite), params={"prolific_token": token}).status_code]
            found += [visitor.submit(link(invite), {"visit": token, "PROLIFIC_PID": participant()}).status_code]
    is_held = 302 not in found and 500 not in found and not invite.members.exists()
    return Finding("joining: with names that the platform did not sign", is_held, f"{sorted(set(found))}")
