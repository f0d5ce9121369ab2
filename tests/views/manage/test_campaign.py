"""The campaign's page, its state, its settings and its guideline: what they show, and what their forms do and refuse."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Permission
from django.forms import model_to_dict
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotator.choices import CampaignState, ImportState, PairingRule, ReleaseState, Role
from annotator.models import Campaign, CampaignProgress, Guideline, Member
from annotator.models.campaign_rules import SETTINGS
from tests.factories import (
    CampaignFactory,
    FlagFactory,
    GuidelineFactory,
    ImportFactory,
    MemberFactory,
    ReleaseFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
REVISION = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def manager() -> Member:
    return MemberFactory(role=Role.MANAGER, campaign__name="Scenes at dusk", user__username="mira")


@pytest.fixture
def campaign(manager: Member) -> Campaign:
    return manager.campaign


@pytest.fixture
def browser(client: Client, manager: Member) -> Client:
    client.force_login(manager.user)
    return client


def address(name: str, campaign: Campaign, *more: object) -> str:
    return reverse(name, args=[campaign.slug, *more])


# --- the campaign's page


def fill(campaign: Campaign, times: int = 1) -> None:
    """Members, imports, flags and releases to be listed."""
    for _ in range(times):
        FlagFactory(assignment__member__campaign=campaign)
        MemberFactory(campaign=campaign, answered_count=7)
        ImportFactory(campaign=campaign, lines_total=12, lines_failed=3, pairs_added=9, finished_at=timezone.now())
    number = campaign.releases.count()
    for step in range(1, times + 1):
        ReleaseFactory(
            campaign=campaign, number=number + step, state=ReleaseState.READY, revision=REVISION, finished_at=timezone.now()
        )


def count(campaign: Campaign, **counters: object) -> None:
    CampaignProgress.objects.filter(campaign=campaign).update(**counters)


def test_it_shows_how_the_campaign_stands(browser: Client, campaign: Campaign) -> None:
    fill(campaign)
    GuidelineFactory(campaign=campaign, text="Look *closely* <script>alert(1)</script>")
    count(
        campaign,
        pairs_total=1200,
        pairs_settled=400,
        pairs_held=5,
        votes_wanted=3600,
        votes_live=1200,
        votes_last_hour=800,
        annotators_last_hour=1,
        label_counts={"a": 200, "b": 100, "tie": 100},
    )
    html = " ".join(browser.get(address("campaign_page", campaign)).content.decode().split())
    for shown in (
        "Scenes at dusk",
        "33 %",
        "1,200 of 3,600 votes",
        "nobody who can annotate has voted lately",
        "800",
        "by 1 person",
        "One image is better",
        "75 %",
        "No majority",
        "pairs.jsonl",
        "Release 1",
        REVISION[:12],
        f"load_dataset(&quot;diptych/{campaign.slug}&quot;, revision=&quot;v1&quot;)",
        "Look <em>closely</em> &lt;script&gt;",
        campaign.members.get(user__username="mira").public_id,
    ):
        assert shown.replace("&quot;", '"') in html.replace("&quot;", '"'), shown
    assert "Before you open it" not in html


def test_an_empty_draft_shows_what_to_do_first(browser: Client, campaign: Campaign) -> None:
    Campaign.objects.update(state=CampaignState.DRAFT)
    html = browser.get(address("campaign_page", campaign)).content.decode()
    assert "Before you open it" in html
    assert "only you so far" in html
    assert "No pairs yet" in html
    assert "No imports yet." in html
    assert "No releases yet." in html
    assert "Labels" not in html


def test_the_piece_is_what_changes_by_itself(browser: Client, campaign: Campaign) -> None:
    fill(campaign)
    html = browser.get(address("campaign_progress", campaign), headers=HTMX).content.decode()
    assert "<html" not in html
    assert re.findall(r'<(?:section|div|p) id="([a-z-]+)"', html) == [
        *("progress", "state", "member-rows", "review-line", "import-rows", "release-rows")
    ]
    assert html.count('hx-swap-oob="true"') == 5


@pytest.mark.parametrize(
    ("state", "import_state", "is_fetched_again"),
    [
        (CampaignState.OPEN, ImportState.DONE, True),
        (CampaignState.DRAFT, ImportState.DONE, True),
        (CampaignState.CLOSED, ImportState.DONE, False),
        (CampaignState.CLOSED, ImportState.RUNNING, True),
    ],
)
def test_a_closed_campaign_is_not_watched_once_all_work_is_done(
    browser: Client, campaign: Campaign, state, import_state, is_fetched_again
) -> None:
    Campaign.objects.update(state=state)
    ImportFactory(campaign=campaign, state=import_state)
    for name in ("campaign_page", "campaign_progress"):
        watched = f'hx-get="{address("campaign_progress", campaign)}"'
        assert (watched in browser.get(address(name, campaign)).content.decode()) == is_fetched_again


@pytest.mark.parametrize("name", ["campaign_page", "campaign_progress", "members", "imports", "releases"])
def test_it_costs_the_same_for_ten_times_the_rows(
    browser: Client, campaign: Campaign, django_assert_max_num_queries, name: str
) -> None:
    def queries() -> int:
        with django_assert_max_num_queries(26) as captured:
            browser.get(address(name, campaign))
        return len(captured)

    fill(campaign)
    browser.get(address(name, campaign))  # puts off the end of the session, once
    few = queries()
    fill(campaign, times=9)
    assert queries() == few


def test_long_lists_come_in_pages(browser: Client, campaign: Campaign, monkeypatch) -> None:
    for name in ("members.PER_PAGE", "imports.PER_PAGE", "releases.PER_PAGE"):
        monkeypatch.setattr(f"annotator.views.manage.{name}", 2)
    fill(campaign, times=3)
    for name in ("members", "imports", "releases"):
        first = browser.get(address(name, campaign)).content.decode()
        second = browser.get(address(name, campaign), {"page": 2}).content.decode()
        assert "Page 1" in first
        assert "Page 2" in second
        assert browser.get(address(name, campaign), {"page": "nonsense"}).status_code == 200


def test_staff_get_a_link_to_the_pairs(browser: Client, manager: Member, campaign: Campaign) -> None:
    link = reverse("admin:annotator_pair_changelist")
    assert link not in browser.get(address("campaign_page", campaign)).content.decode()
    manager.user.is_staff = True
    manager.user.save()
    manager.user.user_permissions.add(Permission.objects.get(codename="view_pair"))
    assert link in browser.get(address("campaign_page", campaign)).content.decode()


# --- its state


def test_the_buttons_pause_resume_and_close(browser: Client, campaign: Campaign) -> None:
    for state in ("paused", "open", "closed"):
        assert f'value="{state}"' in browser.get(address("campaign_page", campaign)).content.decode()
        response = browser.post(address("campaign_state", campaign), {"state": state}, follow=True)
        assert response.redirect_chain[0][0] == address("campaign_page", campaign)
        campaign.refresh_from_db()
        assert campaign.state == state
    assert 'value="paused"' not in browser.get(address("campaign_page", campaign)).content.decode()


@pytest.mark.parametrize("state", ["", "nonsense", "paused"])
def test_a_step_that_is_none_is_refused_with_a_message(browser: Client, campaign: Campaign, state: str) -> None:
    Campaign.objects.update(state=CampaignState.CLOSED)
    html = browser.post(address("campaign_state", campaign), {"state": state}, follow=True).content.decode()
    assert "notice error" in html
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.CLOSED


# --- making and changing one

RULES = {
    **{name: value for name, value in model_to_dict(Campaign(), SETTINGS).items() if value is not None and value is not False},
    "votes_wanted": 5,
    "votes_max": 7,
    "lease_seconds": 900,
    "pairing_rule": "ring",
}
NEW = {
    "name": "Fresh start",
    "slug": "fresh",
    "question": "Which?",
    **RULES,
}


def may_create(client: Client) -> None:
    user = UserFactory()
    user.user_permissions.add(Permission.objects.get(codename="add_campaign"))
    client.force_login(user)


def test_a_campaign_is_made(client: Client) -> None:
    may_create(client)
    assert client.get(reverse("new_campaign")).status_code == 200
    response = client.post(reverse("new_campaign"), NEW | {"guideline": "Look."})
    made = Campaign.objects.get(slug="fresh")
    assert response.url == address("campaign_page", made)
    assert client.get(response.url).status_code == 200
    assert (made.votes_wanted, made.votes_max, made.lease_seconds, made.pairing_rule) == (5, 7, 900, PairingRule.RING)
    assert (made.state, made.questions.get().text, made.guidelines.get().version) == (CampaignState.DRAFT, "Which?", 1)


def test_its_short_name_is_made_from_its_name(client: Client) -> None:
    may_create(client)
    client.post(reverse("new_campaign"), NEW | {"name": "Été: the 2nd, best!", "slug": ""})
    assert Campaign.objects.get().slug == "ete-the-2nd-best"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 201),
        ("slug", "Not A Slug"),
        ("slug", "taken"),
        ("slug", "new"),
        ("slug", "x\0y"),
        ("votes_wanted", "many"),
        ("votes_max", "4"),
        ("gold_rate", ""),
        ("question", ""),
    ],
)
def test_a_bad_value_is_said_at_its_field_and_the_rest_is_kept(client: Client, field: str, value: str) -> None:
    CampaignFactory(slug="taken")
    may_create(client)
    response = client.post(reverse("new_campaign"), NEW | {"description": "Kept text", field: value})
    assert response.status_code == 400
    assert list(response.context["form"].errors) == [field]
    html = response.content.decode()
    assert f'id="id_{field}_error"' in html
    assert "Kept text" in html
    assert Campaign.objects.count() == 1


def test_a_name_without_letters_asks_for_a_short_name(client: Client) -> None:
    may_create(client)
    response = client.post(reverse("new_campaign"), NEW | {"name": "漢字", "slug": ""})
    assert list(response.context["form"].errors) == ["slug"]


def test_only_those_with_the_right_make_campaigns(client: Client) -> None:
    client.force_login(MemberFactory(role=Role.MANAGER).user)
    for response in (client.get(reverse("new_campaign")), client.post(reverse("new_campaign"), NEW)):
        assert response.status_code == 403
    client.force_login(UserFactory(is_staff=True))
    assert client.get(reverse("new_campaign")).status_code == 200


@pytest.mark.parametrize(("wanted", "most", "is_warned"), [(3, 3, True), (1, 9, False), (3, 15, False), (2, 6, True)])
def test_information_gain_that_cannot_ask_again_is_saved_with_a_warning(
    browser: Client, campaign: Campaign, wanted: int, most: int, is_warned: bool
) -> None:
    rules = {"pairing_rule": PairingRule.INFORMATION_GAIN, "votes_wanted": wanted, "votes_max": most}
    form = {name: value for name, value in model_to_dict(campaign, SETTINGS).items() if value is not None} | rules
    answer = browser.post(address("campaign_settings", campaign), {**form, "name": "Scenes"}, follow=True)
    campaign.refresh_from_db()
    assert campaign.votes_max == most
    for page in (answer, browser.get(address("campaign_settings", campaign))):
        assert ("Information gain saves votes by asking again" in page.content.decode()) is is_warned


def test_settings_are_changed(browser: Client, campaign: Campaign) -> None:
    form = {"name": "Dawn", "description": "New", **RULES, "votes_wanted": 4, "limit_per_day": 200, "limit_share": 0.1}
    assert browser.get(address("campaign_settings", campaign)).context["form"]["name"].value() == "Scenes at dusk"
    assert browser.post(address("campaign_settings", campaign), form).url == address("campaign_page", campaign)
    campaign.refresh_from_db()
    assert (campaign.name, campaign.description, campaign.votes_wanted, campaign.lease_seconds) == ("Dawn", "New", 4, 900)
    assert (campaign.votes_max, campaign.limit_per_day, campaign.limit_total, campaign.limit_share) == (7, 200, None, 0.1)


def test_what_the_form_shows_is_what_holds(browser: Client, campaign: Campaign) -> None:
    Campaign.objects.update(votes_max=9, limit_total=50, undo_votes=0)
    shown = browser.get(address("campaign_settings", campaign)).context["form"].initial
    assert {name: shown[name] for name in ("votes_max", "limit_total", "undo_votes")} == {
        "votes_max": 9,
        "limit_total": 50,
        "undo_votes": 0,
    }


def test_the_rules_are_said_in_words(browser: Client, campaign: Campaign) -> None:
    def rules() -> str:
        html = browser.get(address("campaign_page", campaign)).content.decode()
        return " ".join(re.sub(r"<[^>]+>", " ", html[html.index('id="guideline"') :]).split())

    assert "3 votes per pair Flags a pair is held after 2 flags Undo the last 10 votes (for 15 minutes)" in rules()
    Campaign.objects.update(votes_max=7, limit_per_day=1200, limit_share=0.125, flags_to_hold=1, undo_votes=0)
    for words in (
        "3 votes per pair (up to 7 when annotators disagree)",
        "Limits per annotator 1,200 votes per day, 12.5 % of all votes",
        "a pair is held after 1 flag",
        "Undo off",
    ):
        assert words in rules()


# --- the guideline


def test_a_guideline_is_looked_at_then_published(browser: Client, campaign: Campaign, manager: Member) -> None:
    path = address("edit_guideline", campaign)
    preview = browser.post(path, {"text": "# Look <b>here</b>\n\n[x](javascript:alert(1))", "preview": ""}).content.decode()
    assert "&lt;b&gt;here&lt;/b&gt;</h3>" in preview
    assert 'href="javascript' not in preview
    assert not Guideline.objects.exists()
    assert browser.post(path, {"text": "First."}).url == address("campaign_page", campaign)
    browser.post(path, {"text": "Second."})
    newest = campaign.guidelines.first()
    assert (newest.version, newest.text, newest.author) == (2, "Second.", manager.user)
    assert "Second." in browser.get(path).content.decode()


def test_an_empty_guideline_is_refused(browser: Client, campaign: Campaign) -> None:
    for text in ("", "  \n "):
        response = browser.post(address("edit_guideline", campaign), {"text": text})
        assert (response.status_code, list(response.context["form"].errors)) == (400, ["text"])
    assert not Guideline.objects.exists()
