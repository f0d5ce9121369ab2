"""Every page of the site: nothing for axe-core to find in light and dark, room for large text, visible focus, no motion.

The administration is Django's and left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import mail
from django.core.management import call_command
from django.test import Client, override_settings
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone
from pytest_django import DjangoDbBlocker
from pytest_django.live_server_helper import LiveServer

from annotator.campaigns.consent import agree, publish_consent_text
from annotator.campaigns.invites import create_invite, key_of
from annotator.choices import CampaignState, MemberState, Role
from annotator.judging.training import answer_training, next_training
from annotator.models import Assignment, Campaign, Member, User
from annotator.quality.gold import set_gold
from annotator.quality.moderation import Reason, warn_member
from annotator.scoring.progress import roll_up
from tests.browser.axe import found_in_both_schemes
from tests.browser.conftest import PHONE, WIDE, Open, accept, make_pairs, session_of
from tests.browser.driver import Remote, expect
from tests.factories import (
    AnnotatorStatsFactory,
    AppealFactory,
    AssignmentFactory,
    CampaignFactory,
    CrowdIdentityFactory,
    DeliveryFactory,
    FlagFactory,
    GuidelineFactory,
    ImportFactory,
    MemberFactory,
    ModerationActionFactory,
    ProposalFactory,
    QuestionFactory,
    ReleaseFactory,
    ReviewRuleFactory,
    UserFactory,
    VoteFactory,
    WebhookFactory,
)
from tests.scoring.statistics.judged import judge_for_statistics, same_images

# Not `transaction=True`, which empties the database after every test: these share what is there.
pytestmark = [pytest.mark.browser, pytest.mark.django_db]

PLATFORM = "?PROLIFIC_PID=5f3e2d1c0b9a8f7e6d5c4b3a&STUDY_ID=64aa00112233445566778899&SESSION_ID=65bb00112233445566778899"


@dataclass
class Site:
    """A site with something on every page, and who opens which."""

    annotator: Member
    manager: Member
    pages: dict[str, tuple[str | None, str]] = field(default_factory=dict)  # by name: the session and the address
    sessions: dict[int, str] = field(default_factory=dict)  # of the members who open some page, by member

    def add(self, name: str, member: Member | None, route: str, *arguments: Any, query: str = "") -> None:
        if member and member.pk not in self.sessions:
            self.sessions[member.pk] = session_of(member)
        session = self.sessions[member.pk] if member else None
        self.pages[name] = (session, reverse(route, args=arguments) + query)


@pytest.fixture(scope="module", autouse=True)
def storage_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Instead of a folder per test: the images of the site outlive it."""
    folder = tmp_path_factory.mktemp("storage")
    backend = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(folder)}}
    with override_settings(STORAGES={**settings.STORAGES, "default": backend}):
        yield folder


@pytest.fixture(scope="module")
def site(django_db_setup: None, django_db_blocker: DjangoDbBlocker, storage_folder: Path) -> Iterator[Site]:
    """Made once for all tests here, which look at it and change nothing."""
    providers = {"openid_connect": {"APPS": [a_provider()]}}
    with django_db_blocker.unblock(), override_settings(OPEN_SIGN_UP=True, SOCIALACCOUNT_PROVIDERS=providers):
        yield a_site()
        call_command("flush", verbosity=0, interactive=False, reset_sequences=False)


def a_site() -> Site:
    annotator = MemberFactory(campaign__name="Shapes", campaign__description="Which drawing has the shapes right?")
    campaign = annotator.campaign
    manager = MemberFactory(campaign=campaign, role=Role.MANAGER, user__is_staff=True, user__is_superuser=True)
    accept(annotator)
    site = Site(annotator, manager)
    add_annotators_pages(site, campaign)
    add_managers_pages(site, campaign)
    add_account_pages(site)
    return site


def a_provider() -> dict[str, Any]:
    return {
        "provider_id": "lab",
        "name": "The Lab",
        "client_id": "us",
        "secret": "s",
        "settings": {"server_url": "https://x.example"},
    }


def add_annotators_pages(site: Site, campaign: Campaign) -> None:
    me = site.annotator
    pairs = make_pairs(campaign, 6)
    for pair, choice in zip(pairs[:3], ["a", "b", "both_bad"], strict=True):
        VoteFactory(assignment__member=me, assignment__pair=pair, assignment__state="answered", choice=choice)
    Assignment.objects.filter(member=me).update(closed_at=timezone.now() - timedelta(minutes=20))
    Member.objects.filter(pk=me.pk).update(answered_count=3)
    flagged = AssignmentFactory(member__campaign=campaign, pair=pairs[5], state="flagged")
    FlagFactory(assignment=flagged, note="Two of them are the same.")
    roll_up(campaign=campaign)
    site.add("campaigns", me, "campaigns")
    site.add("campaigns of nobody", MemberFactory(state=MemberState.WITHDRAWN), "campaigns")
    site.add("a pair", me, "annotate", campaign.slug)
    site.add("guideline", me, "guideline", campaign.slug)
    site.add("history", me, "history", campaign.slug)
    several = MemberFactory(campaign__name="Two questions")
    accept(several)
    make_pairs(several.campaign, 2)
    QuestionFactory(campaign=several.campaign, slug="beauty", text="Which is more beautiful?", position=1)
    site.add("several questions", several, "annotate", several.campaign.slug)
    add_endings(site)
    add_training(site)
    new_version = MemberFactory(campaign__name="New version")
    accept(new_version)
    text = "# Look closely\n\nCount *all* shapes."
    GuidelineFactory(campaign=new_version.campaign, version=2, text=text, change_note="Count the small ones too.")
    site.add("new guideline", new_version, "guideline", new_version.campaign.slug)
    agreed = MemberFactory(campaign__name="Consent twice")
    publish_consent_text(campaign=agreed.campaign, text="Your answers are published.", by=None)
    agree(member=agreed, version=1)
    publish_consent_text(campaign=agreed.campaign, text="## Your answers\n\nThey are published without your name.", by=None)
    site.add("consent", agreed, "consent", agreed.campaign.slug)
    site.add("no such page", me, "annotate", "nowhere")
    site.add("not a manager", me, "campaign_page", campaign.slug)
    site.add("a form's address", me, "vote", 1)


def add_training(site: Site) -> None:
    """A training that has begun, one that was failed, and the feedback on an answer."""
    campaign = CampaignFactory(name="After training", training_pairs=2, training_tries=2)
    gold = make_pairs(campaign, 2)
    for pair in gold:
        set_gold(pair=pair, choice="a", note="Count the shapes.", use="training", by=None)
    trainee, failed = MemberFactory.create_batch(2, campaign=campaign)
    seat = next_training(member=trainee)
    assert seat is not None
    answer_training(assignment_id=seat.pk, by=trainee.user, choices={"overall": "b"})
    while (seat := next_training(member=failed)) is not None:
        answer_training(assignment_id=seat.pk, by=failed.user, choices={"overall": "b"})
    feedback = Assignment.objects.filter(member=trainee, state="answered").get()
    site.add("training", trainee, "training", campaign.slug)
    site.add("training_feedback", trainee, "training_feedback", campaign.slug, feedback.pk)
    site.add("training, failed", failed, "training", campaign.slug)
    boss = MemberFactory(campaign=campaign, role=Role.MANAGER)
    site.add("trainees of a training", boss, "trainees", campaign.slug)
    site.add("pair_page", boss, "pair_page", campaign.slug, gold[0].pk)


def add_endings(site: Site) -> None:
    """The done page, for each kind of reason."""
    closed = MemberFactory(campaign__state=CampaignState.CLOSED, answered_count=7)
    site.add("done, closed", closed, "annotate", closed.campaign.slug)
    limited = MemberFactory(campaign__limit_per_day=1, answered_count=1)
    AssignmentFactory(member=limited, state="answered")
    make_pairs(limited.campaign, 1)
    roll_up(campaign=limited.campaign)
    site.add("done, for today", limited, "annotate", limited.campaign.slug)
    platform = {"completion_code": "C0FFEE42", "return_url": "https://platform.example/complete"}
    crowd = CrowdIdentityFactory(
        member__answered_count=3, member__campaign=CampaignFactory(state=CampaignState.CLOSED, **platform)
    ).member
    site.add("done, with a completion code", crowd, "annotate", crowd.campaign.slug)


def add_managers_pages(site: Site, campaign: Campaign) -> None:
    manager = site.manager
    import_ = ImportFactory(campaign=campaign, state="done", lines_total=3, lines_failed=1)
    import_.line_errors.create(number=2, field="image_a", message="It is no image.")
    release = ReleaseFactory(campaign=campaign)
    draft = MemberFactory(user=manager.user, role=Role.MANAGER, campaign__state=CampaignState.DRAFT).campaign
    invite = create_invite(campaign=campaign, by=manager.user, note="Students")
    crowd_invite = create_invite(campaign=campaign, by=manager.user, note="Platform", for_crowd=True)
    revoked = create_invite(campaign=campaign, by=manager.user, note="Old", now=timezone.now())
    revoked.revoked_at = timezone.now()
    revoked.save()
    CrowdIdentityFactory(member__campaign=campaign)
    MemberFactory(campaign=campaign, state=MemberState.PAUSED)
    site.add("new campaign", manager, "new_campaign")
    site.add("draft campaign", manager, "campaign_page", draft.slug)
    for route in (
        *("campaign_page", "campaign_settings", "edit_guideline", "edit_consent", "invites", "crowd"),
        *("members", "flags", "imports", "releases", "questions", "comments", "hub_account", "webhooks"),
        *("trainees", "pairs", "proposed_gold"),
    ):
        site.add(route, manager, route, campaign.slug)
    judged = MemberFactory(user=manager.user, role=Role.MANAGER, campaign__name="All judged").campaign
    judge_for_statistics(judged)
    site.add("statistics", manager, "statistics", judged.slug)
    site.add("statistics of nothing", manager, "statistics", draft.slug)
    site.add("group_question", manager, "group_question", judged.slug)
    site.add("about_you", judged.members.filter(role=Role.ANNOTATOR).first(), "about_you", judged.slug)
    same_images(campaign.pairs.first())
    site.add("near_identical", manager, "near_identical", campaign.slug)
    webhook = WebhookFactory(campaign=campaign)
    DeliveryFactory(webhook=webhook, state="failed", next_attempt_at=None, attempts=9, status=500)
    DeliveryFactory(webhook=webhook, attempts=1, error="No response within 10 seconds.")
    site.add("webhook_page", manager, "webhook_page", campaign.slug, webhook.pk)
    site.add("no webhooks", manager, "webhooks", draft.slug)
    site.add("no crowd, no invites", manager, "crowd", draft.slug)
    site.add("suspension", manager, "member_suspension", campaign.slug, site.annotator.pk)
    add_review_pages(site, campaign)
    site.add("import", manager, "import_page", campaign.slug, import_.pk)
    site.add("release", manager, "release_page", campaign.slug, release.number)
    site.add("join, logged out", None, "join", key_of(invite))
    site.add("join, logged in", MemberFactory(), "join", key_of(invite))
    site.add("join, from a platform", None, "join", key_of(crowd_invite), query=PLATFORM)
    site.add("join, from a platform with an account", manager, "join", key_of(crowd_invite), query=PLATFORM)
    site.add("join, revoked", None, "join", key_of(revoked))


def add_review_pages(site: Site, campaign: Campaign) -> None:
    manager, me = site.manager, site.annotator
    rule = ReviewRuleFactory(campaign=campaign, asks_since=timezone.now())
    AnnotatorStatsFactory(member=me, gold_count=8, gold_right=3, side_count=40, left_count=22, trust=-1.2, skill=0.4)
    figures = {"measure": rule.measure, "count": 8, "value": 0.375, "bound": 0.69, "threshold": 0.7, "minimum": 5}
    ProposalFactory(rule=rule, member=me, figures=figures)
    appeal = AppealFactory(member__campaign=campaign, member__state=MemberState.SUSPENDED)
    ModerationActionFactory(member=appeal.member, kind="suspend", rule=rule, figures=figures)
    AppealFactory(member=appeal.member, state="declined", answer="We looked.", answered_at=timezone.now())
    site.add("review", manager, "review", campaign.slug)
    site.add("review rules", manager, "review_rules", campaign.slug)
    site.add("acts", manager, "acts", campaign.slug)
    site.add("appeal to answer", manager, "answer_appeal", campaign.slug, appeal.pk)
    site.add("a member", manager, "member_page", campaign.slug, me.pk)
    site.add("appeal", appeal.member, "appeal", campaign.slug)
    site.add("done, suspended", appeal.member, "annotate", campaign.slug)
    site.add("withdraw", me, "withdraw", campaign.slug)
    warned = MemberFactory(campaign__name="Warned")
    accept(warned)
    make_pairs(warned.campaign, 2)
    warn_member(member=warned, by=None, reason=Reason(rule=ReviewRuleFactory(campaign=warned.campaign), note="Mind the hands."))
    site.add("warned", warned, "annotate", warned.campaign.slug)
    site.add("appeal against a warning", warned, "appeal", warned.campaign.slug)


def add_account_pages(site: Site) -> None:
    me = site.annotator
    EmailAddress.objects.create(user=me.user, email=me.user.email, primary=True, verified=True)
    EmailAddress.objects.create(user=me.user, email="second@example.org")
    for route in ("account", "account_email", "account_change_password", "socialaccount_connections", "account_reauthenticate"):
        site.add(route, me, route)
    nobody = MemberFactory(user=UserFactory(password="!"))
    site.add("account_set_password", nobody, "account_set_password")
    for route in (
        *("login", "account_signup", "account_inactive", "account_reset_password", "account_reset_password_done"),
        *("account_reset_password_from_key_done", "account_email_verification_sent"),
        *("socialaccount_login_cancelled", "socialaccount_login_error"),
    ):
        site.add(route, None, route)
    site.add("openid_connect_login", None, "openid_connect_login", "lab")
    site.add("account_confirm_email", None, "account_confirm_email", "nothing")
    site.add("a spent link", None, "account_reset_password_from_key", "1", "nothing")
    site.add("account_reset_password_from_key", None, "account_reset_password_from_key", *key_sent_to(me.user))


def key_sent_to(user: User) -> list[str]:
    """The parts of the link that somebody who forgot their password is sent."""
    Client().post(reverse("account_reset_password"), {"email": user.email})
    address = next(line for line in mail.outbox[-1].body.splitlines() if "/account/password/reset/" in line)
    return address.strip("/").rpartition("/")[2].split("-", 1)


NO_PAGES = {
    *("healthz", "readyz", "metrics", "image"),  # for machines
    *("vote", "skip", "flag", "undo", "campaign_state", "member_state", "revoke_invite", "logout", "account_logout"),  # forms
    *("cancel_release", "publish_release", "forget_hub_account", "training_again", "review_pair"),  # forms as well
    *("dismiss_notice", "decide_rule"),  # and these
    *("webhook_state", "ping_webhook", "remove_webhook", "resend_delivery"),
    *("campaign_progress", "openid_connect_callback"),  # a piece of a page; where a provider sends people back to
    *("socialaccount_signup", "account_login"),  # the same template as account_signup; a second name for login
}


def test_no_page_is_left_out(site):
    """A page that somebody adds has to be added here as well."""
    patterns = get_resolver().url_patterns
    names = {pattern.name for pattern in patterns if isinstance(pattern, URLPattern) and pattern.name}
    visited = {get_resolver().resolve(path.partition("?")[0]).url_name for _, path in site.pages.values()}

    assert names - NO_PAGES == visited - {"vote"}


@pytest.fixture
def show(open_page: Open, server: LiveServer, site: Site) -> Callable[[str], Remote]:
    """Opens a page of the site by its name. All share one window, in which its people take turns."""
    window = open_page(None, reverse("healthz"))

    def show_page(name: str) -> Remote:
        session, path = site.pages[name]
        window.context.clear_cookies()
        if session:
            window.context.add_cookies([{"url": server.url, "name": settings.SESSION_COOKIE_NAME, "value": session}])
        window.emulate_media(color_scheme="light", reduced_motion="reduce")
        window.goto(path)
        return window

    return show_page


def test_axe_finds_nothing_on_what_opens_over_a_page(show):
    page = show("a pair")
    page.locator("[data-assignment]").first.wait_for()

    page.locator(".menu summary").click()
    assert found_in_both_schemes(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    expect(page.locator("#guideline-panel")).to_be_visible()
    assert found_in_both_schemes(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert found_in_both_schemes(page) == []


def test_axe_finds_nothing_on_forms_that_come_back_with_errors(show):
    page = show("login")
    page.get_by_label("Username or email").fill("nobody")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert").filter(has_text="Wrong username or password")).to_be_visible()
    assert found_in_both_schemes(page) == []
    page = show("account_signup")
    page.evaluate("document.querySelector('form').noValidate = true")
    page.get_by_role("button", name="Sign up").click()
    expect(page.locator(".field-error").first).to_be_visible()
    assert found_in_both_schemes(page) == []
    page = show("invites")
    page.get_by_label("Maximum uses").fill("0")
    page.get_by_role("button", name="Create link").click()
    expect(page.locator(".field-error").first).to_be_visible()
    assert found_in_both_schemes(page) == []


LARGE_TEXT = """() => {
  document.documentElement.style.fontSize = "200%";
  const isOver = ({scrollWidth, clientWidth, scrollHeight, clientHeight}) =>
    scrollWidth > clientWidth + 1 || scrollHeight > clientHeight + 2;
  const shown = [...document.querySelectorAll("button, .button, summary")].filter((element) => element.offsetParent);
  return {
    width: document.documentElement.scrollWidth,
    clipped: shown.filter(isOver).map((element) => element.outerHTML.slice(0, 100)),
  };
}"""


MOVING = """() => [...document.querySelectorAll("*")].filter((element) => {
  const {transitionDuration, animationName} = getComputedStyle(element);
  return animationName !== "none" || transitionDuration.split(",").some((duration) => parseFloat(duration) > 0);
}).map((element) => element.outerHTML.slice(0, 80))"""
SHARES = 4  # for as many processes; each page is opened once, for all that is asked of it


@pytest.mark.parametrize("share", range(SHARES))
def test_everybody_can_use_every_page(show, site, share):
    """axe-core finds nothing in light and dark, nothing moves for those who do not want it, no page is wider than a phone, and
    text of twice the size fits."""
    found = []
    for name in list(site.pages)[share::SHARES]:
        page = show(name)
        found += [f"{name}: {what}" for what in found_in_both_schemes(page)]
        found += [f"{name} moves: {what}" for what in page.evaluate(MOVING)]
        page.emulate_media(color_scheme="light", reduced_motion="no-preference")
        page.set_viewport_size(PHONE)
        if page.evaluate("document.documentElement.scrollWidth") > PHONE["width"]:
            found.append(f"{name} is wider than a phone")
        page.set_viewport_size(WIDE)
        large = page.evaluate(LARGE_TEXT)
        if large != {"width": WIDE["width"], "clipped": []}:
            found.append(f"{name} has no room for large text: {large}")

    assert found == []


FOCUS_SEEN = """() => {
  const {outlineStyle, outlineWidth} = getComputedStyle(document.activeElement);
  return document.activeElement === document.body || (outlineStyle !== "none" && parseFloat(outlineWidth) >= 2);
}"""


def test_whatever_has_the_focus_shows_it(show):
    for name in ("login", "campaigns", "a pair", "history", "join, logged in", "campaign_page", "invites", "account"):
        page = show(name)
        for _ in range(12):
            page.keyboard.press("Tab")
            assert page.evaluate(FOCUS_SEEN), (name, page.evaluate("document.activeElement.outerHTML.slice(0, 120)"))
