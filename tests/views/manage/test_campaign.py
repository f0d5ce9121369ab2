"""The manager's pages: who may open them, what they show, and what their forms do and refuse."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.forms import model_to_dict
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotator.choices import CampaignState, ImportState, MemberState, PairingRule, PairState, ReleaseState, Role
from annotator.models import Campaign, CampaignProgress, Guideline, Import, LineError, Member, Pair, Release, ReleaseFile, Vote
from annotator.models.campaign_rules import SETTINGS
from annotator.templatetags.figures import ago, duration, file_size, percent, thousands
from tests.factories import (
    CampaignFactory,
    FlagFactory,
    GuidelineFactory,
    ImportFactory,
    MemberFactory,
    PairFactory,
    ReleaseFactory,
    UserFactory,
)
from tests.judges import judge_all

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
REVISION = "0123456789abcdef0123456789abcdef01234567"

# name, further arguments, whether it can be looked at, whether it can be posted to
PAGES = [
    ("campaign_page", [], True, False),
    ("campaign_progress", [], True, False),
    ("campaign_state", [], False, True),
    ("campaign_settings", [], True, True),
    ("edit_guideline", [], True, True),
    ("members", [], True, True),
    ("member_state", [1], False, True),
    ("member_suspension", [1], True, True),
    ("flags", [], True, True),
    ("imports", [], True, True),
    ("import_page", [1], True, False),
    ("releases", [], True, True),
    ("release_page", [1], True, False),
]
pages = pytest.mark.parametrize(("name", "more", "get", "post"), PAGES, ids=[page[0] for page in PAGES])


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


def row_for(name: str, campaign: Campaign) -> list[int]:
    """The further argument of an address, for a row that exists."""
    if name in ("member_state", "member_suspension"):
        return [MemberFactory(campaign=campaign).pk]
    if name == "import_page":
        return [ImportFactory(campaign=campaign).pk]
    return [ReleaseFactory(campaign=campaign).number] if name == "release_page" else []


# --- who may open them


@pages
def test_a_manager_opens_it(browser: Client, campaign: Campaign, name, more, get, post) -> None:
    path = address(name, campaign, *row_for(name, campaign))
    assert browser.get(path).status_code == (200 if get else 405)
    assert browser.head(path).status_code == (200 if get else 405)
    assert browser.put(path).status_code == 405
    if not post:
        assert browser.post(path).status_code == 405


@pages
def test_a_superuser_opens_it_without_being_a_member(client: Client, campaign: Campaign, name, more, get, post) -> None:
    client.force_login(UserFactory(is_superuser=True, is_staff=True))
    path = address(name, campaign, *row_for(name, campaign))
    assert client.get(path).status_code == (200 if get else 405)


@pages
def test_nobody_else_does(client: Client, campaign: Campaign, name, more, get, post) -> None:
    path = address(name, campaign, *row_for(name, campaign))
    send = client.get if get else client.post
    assert send(path).status_code == 302  # to the log-in
    others = [
        (MemberFactory(role=Role.MANAGER).user, 404),  # of another campaign
        (UserFactory(is_staff=True), 404),
        (MemberFactory(campaign=campaign).user, 403),
        (MemberFactory(campaign=campaign, role=Role.REVIEWER).user, 403),
        (MemberFactory(campaign=campaign, role=Role.MANAGER, state=MemberState.PAUSED).user, 403),
    ]
    for user, status in others:
        client.force_login(user)
        assert send(path).status_code == status
        if post:
            assert client.post(path, {"state": "closed", "text": "Mine.", "name": "Mine"}).status_code == status
    campaign.refresh_from_db()
    assert (campaign.state, campaign.name, campaign.guidelines.count()) == (CampaignState.OPEN, "Scenes at dusk", 0)


@pages
def test_an_unknown_campaign_is_not_found(browser: Client, name, more, get, post) -> None:
    path = reverse(name, args=["nowhere", *more])
    assert (browser.get(path) if get else browser.post(path)).status_code == 404


@pytest.mark.parametrize("name", ["member_state", "member_suspension", "import_page", "release_page"])
def test_a_row_of_another_campaign_is_not_found(browser: Client, campaign: Campaign, name: str) -> None:
    theirs = row_for(name, CampaignFactory())
    for number in (*theirs, 2**62):
        path = address(name, campaign, number)
        response = browser.post(path, {"state": "paused"}) if name == "member_state" else browser.get(path)
        assert response.status_code == 404


def test_a_number_too_large_for_the_database_is_not_found(browser: Client, campaign: Campaign) -> None:
    for name in ("import_page", "release_page", "member_suspension"):
        assert browser.get(address(name, campaign, 10**30)).status_code == 404
    assert browser.post(address("member_state", campaign, 10**30), {"state": "paused"}).status_code == 404


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
        "3 hours",
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
        assert ("hx-trigger" in browser.get(address(name, campaign)).content.decode()) == is_fetched_again


@pytest.mark.parametrize("name", ["campaign_page", "campaign_progress", "members", "flags", "imports", "releases"])
def test_it_costs_the_same_for_ten_times_the_rows(
    browser: Client, campaign: Campaign, django_assert_max_num_queries, name: str
) -> None:
    def queries() -> int:
        with django_assert_max_num_queries(14) as captured:
            browser.get(address(name, campaign))
        return len(captured)

    fill(campaign)
    browser.get(address(name, campaign))  # puts off the end of the session, once
    few = queries()
    fill(campaign, times=9)
    assert queries() == few


def test_long_lists_come_in_pages(browser: Client, campaign: Campaign, monkeypatch) -> None:
    for name in ("members.PER_PAGE", "flags.FLAGGED_PER_PAGE", "imports.PER_PAGE", "releases.PER_PAGE"):
        monkeypatch.setattr(f"annotator.views.manage.{name}", 2)
    fill(campaign, times=3)
    for name in ("members", "flags", "imports", "releases"):
        first = browser.get(address(name, campaign)).content.decode()
        second = browser.get(address(name, campaign), {"page": 2}).content.decode()
        assert "Page 1 of" in first
        assert "Page 2 of" in second
        assert browser.get(address(name, campaign), {"page": "nonsense"}).status_code == 200


def test_staff_get_a_link_to_the_pairs(browser: Client, manager: Member, campaign: Campaign) -> None:
    link = reverse("admin:annotator_pair_changelist")
    assert link not in browser.get(address("campaign_page", campaign)).content.decode()
    manager.user.is_staff = True
    manager.user.save()
    manager.user.user_permissions.add(Permission.objects.get(codename="view_pair"))
    assert link in browser.get(address("campaign_page", campaign)).content.decode()


# --- its state


def test_the_buttons_open_pause_and_close(browser: Client, campaign: Campaign) -> None:
    Campaign.objects.update(state=CampaignState.DRAFT)
    for state in ("open", "paused", "open", "closed"):
        assert f'value="{state}"' in browser.get(address("campaign_page", campaign)).content.decode()
        response = browser.post(address("campaign_state", campaign), {"state": state}, follow=True)
        assert response.redirect_chain[0][0] == address("campaign_page", campaign)
        campaign.refresh_from_db()
        assert campaign.state == state
    assert 'value="paused"' not in browser.get(address("campaign_page", campaign)).content.decode()


@pytest.mark.parametrize("state", ["draft", "", "nonsense", "paused"])
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

    assert "3 votes per pair Flags a pair is held after 2 flags Undo the last 10 votes, for 15 minutes" in rules()
    Campaign.objects.update(votes_max=7, limit_per_day=1200, limit_share=0.125, flags_to_hold=1, undo_votes=0)
    for words in (
        "3 votes per pair, up to 7 when annotators disagree",
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


# --- people


@pytest.mark.parametrize("person", ["ana", "ana@example.org", "ANA@example.ORG"])
def test_a_person_is_added_by_name_or_address(browser: Client, campaign: Campaign, person: str) -> None:
    ana = UserFactory(username="ana")
    response = browser.post(address("members", campaign), {"person": person, "role": "reviewer"})
    assert response.url == address("campaign_page", campaign) + "#people"
    assert campaign.members.get(user=ana).role == Role.REVIEWER


def test_a_member_is_given_another_role(browser: Client, campaign: Campaign) -> None:
    member = MemberFactory(campaign=campaign)
    browser.post(address("members", campaign), {"person": member.user.username, "role": "manager"})
    member.refresh_from_db()
    assert member.role == Role.MANAGER


@pytest.mark.parametrize(
    ("person", "role", "field"),
    [
        ("nobody", "annotator", "person"),
        ("", "annotator", "person"),
        ("x\0y", "annotator", "person"),
        ("shared@example.org", "annotator", "person"),
        ("twin1", "emperor", "role"),
    ],
)
def test_nobody_is_added_by_a_bad_form(browser: Client, campaign: Campaign, person: str, role: str, field: str) -> None:
    for number in (1, 2):
        UserFactory(username=f"twin{number}", email="shared@example.org")
    response = browser.post(address("members", campaign), {"person": person, "role": role})
    assert (response.status_code, list(response.context["form"].errors)) == (400, [field])
    assert campaign.members.count() == 1


def test_a_member_is_paused_and_works_again(browser: Client, campaign: Campaign) -> None:
    member = MemberFactory(campaign=campaign)
    for state in ("paused", "active"):
        response = browser.post(address("member_state", campaign, member.pk), {"state": state})
        assert response.url == address("members", campaign)
        member.refresh_from_db()
        assert member.state == state


@pytest.mark.parametrize(("before", "wanted"), [("active", "suspended"), ("active", ""), ("withdrawn", "active")])
def test_what_is_not_a_managers_to_decide_is_refused(browser: Client, campaign: Campaign, before: str, wanted: str) -> None:
    member = MemberFactory(campaign=campaign, state=before)
    html = browser.post(address("member_state", campaign, member.pk), {"state": wanted}, follow=True).content.decode()
    assert "notice error" in html
    member.refresh_from_db()
    assert member.state == before


def test_a_member_is_suspended_and_let_back(browser: Client, campaign: Campaign, manager: Member) -> None:
    member = MemberFactory(campaign=campaign)
    PairFactory.create_batch(2, campaign=campaign)
    judge_all(member)
    member.refresh_from_db()
    path = address("member_suspension", campaign, member.pk)
    assert "their 2 answers no longer count" in " ".join(browser.get(path).content.decode().split())
    assert Vote.objects.live().count() == 2  # looking at it does nothing

    html = browser.post(path, follow=True).content.decode()

    assert "Assignments released: 2." in html
    member.refresh_from_db()
    assert member.state == MemberState.SUSPENDED
    assert set(Vote.objects.values_list("void_reason", "voided_by")) == {("suspended", manager.user.pk)}
    assert "Lift suspension" in html

    assert 'name="lift"' in browser.get(path).content.decode()
    html = browser.post(path, {"lift": ""}, follow=True).content.decode()

    assert "Votes restored: 2." in html
    member.refresh_from_db()
    assert (member.state, Vote.objects.live().count()) == (MemberState.ACTIVE, 2)


@pytest.mark.parametrize(("state", "form"), [("active", {"lift": ""}), ("withdrawn", {}), ("withdrawn", {"lift": ""})])
def test_a_suspension_that_cannot_be_is_refused(browser: Client, campaign: Campaign, state: str, form: dict[str, str]) -> None:
    member = MemberFactory(campaign=campaign, state=state)
    html = browser.post(address("member_suspension", campaign, member.pk), form, follow=True).content.decode()
    assert "notice error" in html
    member.refresh_from_db()
    assert member.state == state


# --- flagged pairs


def test_flagged_pairs_are_shown_with_what_is_said_of_them(browser: Client, campaign: Campaign) -> None:
    assert reverse("flags", args=[campaign.slug]) not in browser.get(address("campaign_page", campaign)).content.decode()
    pair = PairFactory(campaign=campaign)
    for note in ("Half of it is <grey>.", "Broken."):
        FlagFactory(assignment__member__campaign=campaign, assignment__pair=pair, note=note)
    FlagFactory(assignment__member__campaign=campaign, resolved_at=timezone.now())
    FlagFactory()  # in another campaign

    assert "1 flagged pair<" in browser.get(address("campaign_page", campaign)).content.decode()
    html = browser.get(address("flags", campaign)).content.decode()

    assert re.findall(r"<h2 id=\"pair-(\d+)\"", html) == [str(pair.pk)]
    for shown in (pair.prompt.text, "Broken image", "Half of it is &lt;grey&gt;.", "Broken.", str(pair.image_b.public_id)):
        assert shown in html


def test_a_flagged_pair_is_taken_out_and_put_back(browser: Client, campaign: Campaign, manager: Member) -> None:
    flag = FlagFactory(assignment__member__campaign=campaign)
    pair = flag.assignment.pair
    path = address("flags", campaign)

    html = browser.post(path, {"pair": pair.pk, "decision": "hold"}, follow=True).content.decode()
    pair.refresh_from_db()
    assert pair.state == PairState.HELD
    assert "Return to circulation" in html

    html = browser.post(path, {"pair": pair.pk, "decision": "return"}, follow=True).content.decode()
    pair.refresh_from_db()
    flag.refresh_from_db()
    assert (pair.state, flag.resolved_by) == (PairState.OPEN, manager.user)
    assert "No flagged pairs." in html


@pytest.mark.parametrize("change", [{"pair": 2**63 - 1}, {"pair": 10**30}, {"pair": "x"}, {"pair": ""}, {"decision": "burn"}])
def test_a_decision_that_is_none_changes_nothing(browser: Client, campaign: Campaign, change: dict[str, object]) -> None:
    flag = FlagFactory(assignment__member__campaign=campaign)
    form = {"pair": flag.assignment.pair.pk, "decision": "hold"} | change
    assert browser.post(address("flags", campaign), form).status_code == 404
    assert Pair.objects.get().state == PairState.OPEN


def test_a_pair_of_another_campaign_is_not_decided_on(browser: Client, campaign: Campaign) -> None:
    theirs = FlagFactory()
    form = {"pair": theirs.assignment.pair.pk, "decision": "hold"}
    assert browser.post(address("flags", campaign), form).status_code == 404
    assert Pair.objects.get().state == PairState.OPEN


# --- imports


def upload(name: str = "pairs.jsonl", content: bytes = b'{"prompt": "x"}\n') -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def test_a_file_is_uploaded_and_sent_to_the_workers(
    browser: Client, campaign: Campaign, manager: Member, django_capture_on_commit_callbacks, monkeypatch
) -> None:
    sent: list[object] = []
    monkeypatch.setattr("annotator.tasks.ingest_import.apply_async", lambda args, retry: sent.extend(args))
    with django_capture_on_commit_callbacks(execute=True):
        form = {"file": upload(), "column_map": "image_a = left\n\nimage_b=right=2"}
        response = browser.post(address("imports", campaign), form)
    assert response.url == address("campaign_page", campaign) + "#imports"
    import_ = campaign.imports.get()
    assert (import_.file_name, import_.created_by, import_.state) == ("pairs.jsonl", manager.user, ImportState.QUEUED)
    assert import_.column_map == {"image_a": "left", "image_b": "right=2"}
    with default_storage.open(import_.stored_name) as stored:
        assert stored.read() == b'{"prompt": "x"}\n'
    assert sent == [import_.pk]


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({}, "file"),
        ({"file": "not a file"}, "file"),
        ({"file": upload(content=b"")}, "file"),
        ({"file": upload(), "column_map": "image_a"}, "column_map"),
        ({"file": upload(), "column_map": "left=image_a"}, "column_map"),
        ({"file": upload(), "column_map": "image_a="}, "column_map"),
    ],
)
def test_an_upload_that_cannot_be_is_refused(browser: Client, campaign: Campaign, form: dict[str, object], field: str) -> None:
    response = browser.post(address("imports", campaign), form)
    assert (response.status_code, list(response.context["form"].errors)) == (400, [field])
    assert not Import.objects.exists()


def test_a_file_beyond_the_limit_is_refused(browser: Client, campaign: Campaign, settings) -> None:
    settings.API_UPLOAD_LIMIT = 10
    response = browser.post(address("imports", campaign), {"file": upload()})
    assert (response.status_code, list(response.context["form"].errors)) == (400, ["file"])


def test_an_import_shows_its_refused_lines(browser: Client, campaign: Campaign) -> None:
    import_ = ImportFactory(campaign=campaign, state=ImportState.FAILED, error="The file is empty.", lines_failed=1)
    LineError.objects.create(line_of=import_, number=1234, field="image_a", message="There is no file “<x>”.")
    html = browser.get(address("import_page", campaign, import_.pk)).content.decode()
    for page in (html, browser.get(address("campaign_page", campaign)).content.decode()):
        assert "The file is empty." in page
    assert "1234" in html
    assert "There is no file “&lt;x&gt;”." in html


# --- releases


def test_a_release_is_asked_for(
    browser: Client, campaign: Campaign, manager: Member, django_capture_on_commit_callbacks, monkeypatch
) -> None:
    sent: list[object] = []
    monkeypatch.setattr("annotator.tasks.build_release.apply_async", lambda args, retry: sent.extend(args))
    with django_capture_on_commit_callbacks(execute=True):
        response = browser.post(address("releases", campaign))
    assert response.url == address("campaign_page", campaign) + "#releases"
    release = Release.objects.get(campaign=campaign)
    assert (release.number, release.created_by, sent) == (1, manager.user, [release.pk])


def test_a_ready_release_lists_its_files(browser: Client, campaign: Campaign) -> None:
    fill(campaign)
    release = campaign.releases.get()
    ReleaseFile.objects.create(release=release, path="pairs/train-00000-of-00001.parquet", size=12_345_678, sha256="a" * 64)
    html = browser.get(address("release_page", campaign, 1)).content.decode()
    assert reverse("api:release_file", args=[campaign.slug, 1, "pairs/train-00000-of-00001.parquet"]) in html
    assert "12.3 MB" in html
    assert "export HF_ENDPOINT=http://testserver/hub\n" in html
    assert f"load_dataset('diptych/{campaign.slug}', revision='v1')" in html


@pytest.mark.parametrize("state", [ReleaseState.QUEUED, ReleaseState.BUILDING, ReleaseState.FAILED])
def test_an_unready_release_says_why(browser: Client, campaign: Campaign, state: ReleaseState) -> None:
    ReleaseFactory(campaign=campaign, state=state, error="Out of room." if state == ReleaseState.FAILED else "")
    html = browser.get(address("release_page", campaign, 1)).content.decode()
    assert state.label in html
    assert ("Out of room." in html) == (state == ReleaseState.FAILED)
    assert "load_dataset" not in html


# --- figures as people read them


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(0), "none"),
        (timedelta(seconds=20), "under a minute"),
        (timedelta(seconds=50), "1 minute"),
        (timedelta(minutes=90), "2 hours"),
        (timedelta(hours=2, minutes=51), "3 hours"),
        (timedelta(hours=40), "2 days"),
        (timedelta(days=100_000), "over 10 years"),
    ],
)
def test_durations_are_rough(left: timedelta, words: str) -> None:
    assert duration(left) == words


def test_shares_are_never_rounded_up_to_all() -> None:
    assert [percent(share) for share in (0.0, 0.29, 0.999, 1.0)] == ["0 %", "29 %", "99 %", "100 %"]


def test_numbers_sizes_and_moments_are_readable() -> None:
    assert thousands(1234567) == "1,234,567"
    assert [file_size(size) for size in (12, 3456, 7_800_000, 2_000_000_000)] == ["12 bytes", "3.5 kB", "7.8 MB", "2.0 GB"]
    assert ago(timezone.now()) == "just now"
    assert ago(timezone.now() - timedelta(minutes=5, seconds=1)) == "5 minutes ago"
