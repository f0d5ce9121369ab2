"""A site with something on every page."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.webauthn.internal.auth import WebAuthn
from django.conf import settings
from django.contrib.sessions.backends.cached_db import SessionStore
from django.core import mail
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotator.accounts.api_tokens import create_token
from annotator.accounts.reset_mail import send_reset_mail
from annotator.campaigns.consent import agree, publish_consent_text
from annotator.campaigns.guidelines import accept_guideline, publish_guideline
from annotator.campaigns.invites import create_invite, key_of
from annotator.campaigns.lifecycle import change_campaign
from annotator.choices import CampaignState, MemberState, Role
from annotator.judging.training import answer_training, next_training
from annotator.models import Assignment, Campaign, Member, User
from annotator.quality.gold import set_gold
from annotator.quality.moderation import Reason, warn_member
from annotator.scoring.progress import roll_up
from annotator.scoring.saved_views import save_view
from tests.api.releases import ready_release
from tests.browser.conftest import accept, make_pairs, session_of
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
    site.add("console_search", manager, "console_search", query=f"?q=s&in={campaign.slug}")
    for route in ("tokens", "site_health", "site_users", "site_campaigns", "site_audit"):
        site.add(route, manager, route)
    create_token(user=manager.user, scopes=["export"], name="nightly", by=manager.user)
    change_campaign(campaign=campaign, description="Which drawing has more of the shapes right?", by=manager.user)
    site.add("draft campaign", manager, "campaign_page", draft.slug)
    for route in (
        *("campaign_page", "campaign_settings", "edit_guideline", "edit_consent", "invites", "crowd"),
        *("members", "imports", "releases", "take_downs", "questions", "comments", "hub_account", "webhooks"),
        *("trainees", "pairs", "proposed_gold", "audit_log"),
    ):
        site.add(route, manager, route, campaign.slug)
    judged = MemberFactory(user=manager.user, role=Role.MANAGER, campaign__name="All judged").campaign
    judge_for_statistics(judged)
    save_view(campaign=judged, name="Hard ones", query="agreement_max=0.5", by=manager.user)
    site.add("pairs, as a table", manager, "pairs", judged.slug, query="?as=table&state=open")
    site.add("pairs, none found", manager, "pairs", judged.slug, query="?category=nowhere")
    site.add("pair_page, judged", manager, "pair_page", judged.slug, judged.pairs.earliest("pk").pk)
    stopped = judged.members.filter(role=Role.ANNOTATOR, kind="human").first()
    ModerationActionFactory(member=stopped, kind="suspend", votes=83, pairs_reopened=41)
    roll_up(campaign=judged)
    site.add("members of a judged campaign", manager, "members", judged.slug)
    site.add("a member of a judged campaign", manager, "member_page", judged.slug, stopped.pk)
    first = publish_guideline(campaign=judged, text="# Look at all of it", by=manager.user)
    accept_guideline(member=stopped, guideline=first)
    second = publish_guideline(
        campaign=judged, text="# Look at all of it\n\nHands as well.", by=manager.user, change_note="Hands"
    )
    site.add("guideline with a preview", manager, "edit_guideline", judged.slug)
    site.add("guideline_versions", manager, "guideline_versions", judged.slug)
    site.add("guideline_version, the first", manager, "guideline_version", judged.slug, first.version)
    site.add("guideline_version", manager, "guideline_version", judged.slug, second.version)
    site.add("overview of a judged campaign", manager, "campaign_page", judged.slug)
    site.add("statistics", manager, "statistics", judged.slug)
    site.add("statistics of nothing", manager, "statistics", draft.slug)
    site.add("plan", manager, "plan", judged.slug)
    site.add("plan of nothing", manager, "plan", draft.slug)
    site.add("what is missing", manager, "open_campaign", draft.slug)
    site.add("the end of a draft", manager, "delete_draft", draft.slug)
    site.add("group_question", manager, "group_question", judged.slug)
    site.add("about_you", judged.members.filter(role=Role.ANNOTATOR).first(), "about_you", judged.slug)
    same_images(campaign.pairs.first())
    flagged = campaign.pairs.latest("pk")
    site.add(
        "queue_pair",
        MemberFactory(campaign=campaign, role=Role.REVIEWER),
        "queue_pair",
        campaign.slug,
        flagged.pk,
        query="?kind=flag&place=flag:1_1",
    )
    site.add("queue, empty", manager, "queue", draft.slug)
    webhook = WebhookFactory(campaign=campaign)
    DeliveryFactory(webhook=webhook, state="failed", next_attempt_at=None, attempts=9, status=500)
    DeliveryFactory(webhook=webhook, attempts=1, error="No response within 10 seconds.")
    site.add("webhook_page", manager, "webhook_page", campaign.slug, webhook.pk)
    site.add("no webhooks", manager, "webhooks", draft.slug)
    site.add("no crowd, no invites", manager, "crowd", draft.slug)
    site.add("suspension", manager, "member_suspension", campaign.slug, site.annotator.pk)
    add_review_pages(site, campaign)
    site.add("invite_page", manager, "invite_page", campaign.slug, crowd_invite.pk)
    site.add("import", manager, "import_page", campaign.slug, import_.pk)
    site.add("release", manager, "release_page", campaign.slug, release.number)
    ready = ready_release(campaign, Path(default_storage.path("")), number=release.number + 1)
    site.add("ready release", manager, "release_page", campaign.slug, ready.number)
    site.add("release_card", manager, "release_card", campaign.slug, ready.number)
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
    site.add("moderation_log", manager, "moderation_log", campaign.slug)
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
    for route in (
        *("account", "account_email", "account_change_password", "socialaccount_connections", "account_reauthenticate"),
        *("sessions", "mfa_index", "language"),
    ):
        site.add(route, me, route)
    add_second_factors(site)
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


def add_second_factors(site: Site) -> None:
    """Each page asks for a confirmation first, which these people have just given."""
    newcomer, careful = MemberFactory(), MemberFactory()
    TOTP.activate(careful.user, "JBSWY3DPEHPK3PXP")
    RecoveryCodes.activate(careful.user)
    credential = {"clientExtensionResults": {"credProps": {"rk": True}}}
    passkey = WebAuthn.add(careful.user, "Phone", credential).instance
    site.add("no second factor", newcomer, "mfa_index")
    for route in ("mfa_activate_totp", "mfa_add_webauthn"):
        site.add(route, newcomer, route)
    for route in (
        *("mfa_index", "mfa_deactivate_totp", "mfa_reauthenticate", "mfa_list_webauthn"),
        *("mfa_view_recovery_codes", "mfa_generate_recovery_codes"),
    ):
        site.add(route, careful, route)
    for route in ("mfa_edit_webauthn", "mfa_remove_webauthn"):
        site.add(route, careful, route, passkey.pk)
    for member in (newcomer, careful, site.manager):
        session = SessionStore(site.sessions[member.pk])
        session["account_authentication_methods"] = [{"method": "password", "at": time.time() + 86_400, "reauthenticated": True}]
        session["account_authentication_methods_user"] = str(member.user.pk)
        session.save()
    halfway, browser = MemberFactory(), Client()
    TOTP.activate(halfway.user, "JBSWY3DPEHPK3PXP")
    browser.post(reverse("login"), {"username": halfway.user.username, "password": "correct horse battery"})
    site.sessions[halfway.pk] = browser.cookies[settings.SESSION_COOKIE_NAME].value
    site.add("mfa_authenticate", halfway, "mfa_authenticate")


def key_sent_to(user: User) -> list[str]:
    """The parts of the link that somebody who forgot their password is sent."""
    send_reset_mail(email=user.email, origin={"SERVER_NAME": "testserver", "SERVER_PORT": "80", "wsgi.url_scheme": "http"})
    address = next(line for line in mail.outbox[-1].body.splitlines() if "/account/password/reset/" in line)
    return address.strip("/").rpartition("/")[2].split("-", 1)
