"""Every address of the site, asked by everybody who has no business there: nobody, strangers, and members of a lower role."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from django.apps import apps
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from annotator.accounts.api_tokens import create_token
from annotator.choices import MemberState, Role, Scope
from annotator.judging import assigning
from annotator.lib.public_ids import ASSIGNMENTS
from annotator.models import Assignment, User
from benchmarks.support.passwords import PASSWORD
from tests.attacks.target import Finding, Target
from tests.attacks.visitor import Visitor
from tests.factories import (
    CampaignFactory,
    ImportFactory,
    InviteFactory,
    MemberFactory,
    PairFactory,
    ReleaseFactory,
    WebhookFactory,
)

SLUG, SECRET = "guarded", "Zebra 7731"
SHUT = {401, 403, 404, 405, 410}
# What anybody may open: machines, the way in, the description of the API. None of it is about a campaign.
OPEN = re.compile(
    r"/(healthz|readyz|metrics|\.well-known/security\.txt|login/|logout/|account/(sign-up|inactive|email/sent|password/reset|"
    r"connections/(sign-up|cancelled|error)|two-factor/log-in|passkeys/log-in|oidc|email/[^/]+)/.*|api/v1/schema/|admin/login/|"
    r"admin/(jsi18n|logout)/|join/.*|hub/api/(agent-harnesses|datasets))"
)
# What any account may open: its own.
OWN = re.compile(r"/(|account/.*|manage/new/|api/v1/campaigns/|hub/api/whoami-v2)")
# What members open as annotators.
MEMBERS = re.compile(
    rf"/(c/{SLUG}/.*|answers/|assignments/.*|images/.*|api/v1/campaigns/{SLUG}/(assignments/)?|api/v1/assignments/.*)"
)
# … and who was put out as well.
PUT_OUT = re.compile(rf"/(c/{SLUG}/((guideline|history|notice|appeal|withdraw)/)?|api/v1/campaigns/{SLUG}/)")
VALUES = {"slug": SLUG, "provider_id": "none", "key": "none", "uidb36": "none", "width": "640", "path": "README.md"}
TO_LOGIN = ("/login/", "/admin/login/")
PROGRAMS = ("/api/", "/hub/")


def run(target: Target) -> Iterator[Finding]:
    values, people = make_world()
    paths = sorted(set(addresses(values)))
    visitors = {who: log_in(target, user) for who, user in people.items()}
    # Good ones, where a bad one is refused whoever sends it.
    answer = {"assignment": ASSIGNMENTS.show(values["assignment_id"]), "choices": {"overall": "a"}}
    bodies = {"vote": {"choice": "a"}, "flag": {"reason": "unsafe"}, "answers": {"answers": [answer]}}
    before = rows_of_tables()
    for who in people:
        yield tried(who, *visitors[who], [path for path in paths if not is_theirs(who, path)], bodies)
    changed = {name: f"{before[name]} to {count}" for name, count in rows_of_tables().items() if count != before[name]}
    yield Finding("access: rows that all of this changed", not changed, str(changed or "none"))


def make_world() -> tuple[dict[str, Any], dict[str, User | None]]:
    """A campaign with a row for each argument of an address, and who has no business with it."""
    campaign = CampaignFactory(slug=SLUG, name=SECRET)
    pairs = PairFactory.create_batch(2, campaign=campaign)
    annotator = MemberFactory(campaign=campaign, user=account("guarded-annotator"))
    assigning.refill_queue(member_id=annotator.pk)
    seat = Assignment.objects.filter(member=MemberFactory(campaign=campaign)).first() or annotator.assignments.all()[0]
    values = VALUES | {
        "member_id": annotator.pk,
        "pair_id": pairs[0].pk,
        "public_id": pairs[0].image_a.public_id,
        "assignment_id": seat.pk,
        "import_id": ImportFactory(campaign=campaign).pk,
        "invite_id": InviteFactory(campaign=campaign).pk,
        "webhook_id": WebhookFactory(campaign=campaign).pk,
        "number": ReleaseFactory(campaign=campaign, number=1).number,
        "object_id": campaign.pk,
    }
    outsider = MemberFactory(campaign=CampaignFactory(), user=account("guarded-outsider"), role=Role.MANAGER)
    out = MemberFactory(campaign=campaign, user=account("guarded-out"), role=Role.MANAGER, state=MemberState.SUSPENDED)
    return values, {
        "nobody": None,
        "a stranger": account("guarded-stranger"),
        "a manager of another campaign": outsider.user,
        "a suspended manager": out.user,
        "an annotator": annotator.user,
    }


def account(name: str) -> User:
    return User.objects.create_user(name, password=PASSWORD)


def addresses(values: dict[str, Any]) -> Iterator[str]:
    """Each named address once, with values for its arguments."""
    for name, arguments in names_of(get_resolver().url_patterns, ""):
        filled = {argument: values.get(argument, 1) for argument in arguments}
        with suppress(NoReverseMatch):  # one that exists without arguments only under another name
            yield reverse(name, kwargs=filled)


def names_of(patterns: list[URLPattern | URLResolver], space: str) -> Iterator[tuple[str, set[str]]]:
    for pattern in patterns:
        arguments = set(pattern.pattern.converters) | set(pattern.pattern.regex.groupindex)
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from ((name, arguments | more) for name, more in names_of(pattern.url_patterns, inner))
        elif pattern.name:
            yield f"{space}{pattern.name}", arguments


def is_theirs(who: str, path: str) -> bool:
    """Whether they may open it, so that it is not tried."""
    theirs = [OPEN] if who == "nobody" else [OPEN, OWN]
    theirs += {"an annotator": [MEMBERS], "a suspended manager": [PUT_OUT]}.get(who, [])
    return any(pattern.fullmatch(path) for pattern in theirs)


def log_in(target: Target, user: User | None) -> tuple[Visitor, Visitor]:
    """Their browser and their program."""
    browser = Visitor(target)
    if user is None:
        return browser, Visitor(target)
    browser.log_in(user.username)
    return browser, Visitor(target, token=create_token(user=user, scopes=list(Scope.values))[1])


def tried(who: str, browser: Visitor, program: Visitor, paths: list[str], bodies: dict[str, Any]) -> Finding:
    """Each of the paths, by a browser and what is for programs by one as well."""
    statuses: Counter[int] = Counter()
    wrong = []
    browser.get("/login/")
    headers = {"X-CSRFToken": browser.cookies.get("csrftoken", "")}
    asked = [(browser, path, method) for path in paths for method in methods_for(path)]
    asked += [(program, path, method) for path in paths if path.startswith(PROGRAMS) for method in methods_for(path)]
    for visitor, path, method in asked:
        answer = visitor.request(method, path, headers=headers, json=bodies.get(path.rsplit("/", 2)[-2]))
        statuses[answer.status_code] += 1
        to_login = answer.status_code == 302 and answer.headers["Location"].startswith(TO_LOGIN)
        if not (to_login or answer.status_code in SHUT) or SECRET in answer.text:
            wrong.append(f"{method} {path} {answer.status_code}")
    browser.close()
    program.close()
    answers = ", ".join(f"{count} × {status}" for status, count in sorted(statuses.items()))
    return Finding(f"access: {len(paths)} addresses, asked by {who}", not wrong, f"{answers}; open: {wrong[:20] or 'none'}")


def methods_for(path: str) -> tuple[str, ...]:
    if path.startswith(PROGRAMS):
        return "GET", "POST", "PUT", "PATCH", "DELETE"
    return ("GET",) if path.startswith("/admin/") else ("GET", "POST")


def rows_of_tables() -> dict[str, int]:
    """Of those that requests of people without a right must not change; log-ins and their sessions are none."""
    return {model.__name__: model._default_manager.count() for model in apps.get_app_config("annotator").get_models()}
