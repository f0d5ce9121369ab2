"""What a rule of a campaign can be: the settings page, REST and the database say the same, for every rule that is declared."""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, models, transaction
from django.forms import model_to_dict
from django.test import Client
from django.urls import reverse

from annotator import migrations
from annotator.campaigns import lifecycle
from annotator.choices import Role
from annotator.models import Campaign, Member
from annotator.models.campaign_rules import MANAGERS_RULES, RULE_GROUPS, RULES, SETTINGS, limits_of, rule_constraints
from annotator.quality.rules import ensure_rules
from annotator.views.manage.review import shown
from tests.api.clients import assert_error, client_of
from tests.factories import CampaignFactory, UserFactory
from tests.models.constraint_cases import Attempts, assert_refused, change

pytestmark = pytest.mark.django_db

MANAGERS = Path(__file__).resolve().parent.parent.parent / "docs" / "managers.md"
ALL = pytest.mark.parametrize("name", RULES)
OVER_REST = pytest.mark.parametrize("name", SETTINGS)
# What only these rules are about, beside a length: right ones and wrong ones.
TEXTS = {
    "completion_code": (["C0FFEE42"], []),
    "return_url": (["https://platform.example/complete?cc=C0FFEE42"], ["http://platform.example/", "javascript:alert(1)"]),
    "licence": (["cc-by-4.0"], ["Do as you like"]),
    "citation": (["@misc{scenes,\n title = {Scenes}}"], []),
}


@dataclass(frozen=True)
class Cases:
    accepted: list[Any]
    out_of_limits: list[Any]
    wrong_type: list[Any]  # as JSON


def cases_of(name: str) -> Cases:
    rule = RULES[name]
    null = [None] if rule.null else []
    if limits := limits_of(rule):
        low, high = limits
        step: float = 1 if isinstance(rule, models.IntegerField) else 1e-6
        others: list[Any] = ["many", str(high), True, [], *([] if null else [None]), *([1.5] if step == 1 else [])]
        return Cases([low, high, *null], [low - step, high + step], others)
    if isinstance(rule, models.BooleanField):
        return Cases([True, False], [], ["yes", "true", 1, 0, None])
    if rule.choices:
        return Cases([value for value, _ in rule.flatchoices], ["nonsense"], [5, True, [], None])
    right, wrong = TEXTS[name]
    assert rule.max_length is not None
    longest = right[0] + "x" * (rule.max_length - len(right[0]))
    return Cases(["", *right, longest], [*wrong, longest + "x"], [5, True, [], None])


@pytest.fixture
def member() -> Member:
    """Of a campaign where either number of votes may be anything in its limits."""
    campaign = CampaignFactory(votes_wanted=1, votes_max=100)
    return campaign.members.create(user=UserFactory(), role=Role.MANAGER)


@pytest.fixture
def campaign(member: Member) -> Campaign:
    return member.campaign


def value_of(name: str, campaign: Campaign) -> Any:
    return Campaign.objects.values_list(name, flat=True).get(pk=campaign.pk)


# --- the database


def write(name: str, value: Any, campaign: Campaign) -> None:
    """Past everything in Python."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE annotator_campaign SET {name} = %s WHERE id = %s", [value, campaign.pk])


@ALL
def test_the_database_takes_what_is_within_the_limits_and_nothing_else(name: str, campaign: Campaign) -> None:
    cases = cases_of(name)
    for value in cases.accepted:
        write(name, value, campaign)
        assert value_of(name, campaign) == value
    of_the_column = [] if isinstance(RULES[name], models.CharField | models.TextField) else ["many"]
    for value in [*cases.out_of_limits, *of_the_column]:
        with pytest.raises(DatabaseError):
            write(name, value, campaign)


@ALL
def test_the_verbs_refuse_what_the_database_refuses(name: str, campaign: Campaign) -> None:
    for value in cases_of(name).out_of_limits:
        setattr(campaign, name, value)
        with pytest.raises(ValidationError) as error:
            campaign.full_clean()
        assert name in error.value.message_dict


# --- REST


@OVER_REST
def test_rest_takes_what_is_within_the_limits(name: str, member: Member) -> None:
    client, address = client_of(member.user, "manage"), f"/api/v1/campaigns/{member.campaign.slug}/"
    for value in cases_of(name).accepted:
        assert client.patch(address, {name: value}).json()[name] == value


def test_rest_takes_nothing_else(member: Member) -> None:
    """A value of every rule in one request, until all have been tried: each is named."""
    client, address = client_of(member.user, "manage"), f"/api/v1/campaigns/{member.campaign.slug}/"
    before = client.get(address).json()
    cases = {name: cases_of(name) for name in SETTINGS}
    refused = ([(name, value) for value in [*of.out_of_limits, *of.wrong_type]] for name, of in cases.items())
    for together in zip_longest(*refused):
        values = dict(filter(None, together))
        assert_error(client.patch(address, values), 400, "invalid", *values)
    assert client.get(address).json() == before


@pytest.mark.parametrize("name", sorted(RULES.keys() - set(SETTINGS)))
def test_rest_knows_nothing_of_rules_that_have_a_page_of_their_own(name: str, member: Member) -> None:
    client, address = client_of(member.user, "manage"), f"/api/v1/campaigns/{member.campaign.slug}/"
    assert_error(client.patch(address, {name: cases_of(name).accepted[0]}), 400, "invalid", name)
    assert name not in client.get(address).json()


def test_only_managers_are_shown_how_annotators_are_checked(member: Member) -> None:
    address = f"/api/v1/campaigns/{member.campaign.slug}/"
    annotator = member.campaign.members.create(user=UserFactory())
    assert set(SETTINGS) <= client_of(member.user).get(address).json().keys()
    assert set(SETTINGS) & client_of(annotator.user).get(address).json().keys() == set(SETTINGS) - set(MANAGERS_RULES)
    assert set(MANAGERS_RULES) == {"audit_rate", "gold_rate", "repeat_rate", "repeat_after", "completion_code", "return_url"}


# --- the pages


def form_of(values: dict[str, Any]) -> dict[str, Any]:
    """As a browser posts it: nothing for a box that is not ticked, and no null."""
    return {name: "" if value is None else value for name, value in values.items() if value is not False}


def filled(name: str, campaign: Campaign) -> tuple[str, dict[str, Any]]:
    """The page on which the rule stands, and what it posts while nothing is changed."""
    if name in SETTINGS:
        return reverse("campaign_settings", args=[campaign.slug]), form_of(
            model_to_dict(campaign, ["name", "description", *SETTINGS])
        )
    rules = ensure_rules(campaign)
    data: dict[str, Any] = {"form-TOTAL_FORMS": len(rules), "form-INITIAL_FORMS": len(rules)}
    for number, rule in enumerate(rules):
        data |= {f"form-{number}-threshold": shown(rule, rule.threshold), f"form-{number}-minimum": rule.minimum}
    return reverse("review_rules", args=[campaign.slug]), data | model_to_dict(campaign, ["too_fast_ms", "review_share_max"])


@ALL
def test_the_page_takes_what_is_within_the_limits(name: str, member: Member, client: Client) -> None:
    client.force_login(member.user)
    path, data = filled(name, member.campaign)
    for value in cases_of(name).accepted:
        response = client.post(path, data | form_of({name: value}) if value is not False else data)
        assert response.status_code == 302, response.context["form"].errors
        assert value_of(name, member.campaign) == value


@pytest.mark.parametrize("names", [[*SETTINGS], [*RULES.keys() - set(SETTINGS)]], ids=["campaign_settings", "review_rules"])
def test_the_page_takes_nothing_else(names: list[str], member: Member, client: Client) -> None:
    """A value of every rule of the page in one form, until all have been tried: each is named."""
    client.force_login(member.user)
    path, data = filled(names[0], member.campaign)
    before = Campaign.objects.values().get(pk=member.campaign_id)
    # A text is what somebody writes, and a box is ticked or not: neither can be of another type.
    wrong = {name: [*cases_of(name).out_of_limits, *(["many"] if limits_of(RULES[name]) else [])] for name in names}
    for together in zip_longest(*([(name, value) for value in values] for name, values in wrong.items())):
        values = dict(filter(None, together))
        response = client.post(path, data | values)
        assert (response.status_code, response.context["form"].errors.keys()) == (400, values.keys())
    assert Campaign.objects.values().get(pk=member.campaign_id) == before


@pytest.mark.parametrize("name", ["campaign_settings", "review_rules"])
def test_a_page_shows_label_help_and_limits_of_each_rule(name: str, member: Member, client: Client) -> None:
    client.force_login(member.user)
    form = client.get(reverse(name, args=[member.campaign.slug])).context["form"]
    own = set(SETTINGS) if name == "campaign_settings" else RULES.keys() - set(SETTINGS)
    assert own == set(form.fields) & RULES.keys()
    for rule in own:
        field = form[rule]
        assert (field.label, field.help_text) == (RULES[rule].verbose_name, RULES[rule].help_text)
        if limits := limits_of(RULES[rule]):
            assert f'min="{limits[0]}"' in str(field)
            assert f'max="{limits[1]}"' in str(field)


# --- the declaration


def test_the_column_of_every_rule_is_in_one_group() -> None:
    listed = [name for group in RULE_GROUPS for name in group.names]
    assert len(listed) == len(set(listed)) == len(RULES)
    assert set(listed) <= {field.name for field in Campaign._meta.fields}


@ALL
def test_a_rule_says_what_it_is_in_a_label_and_one_sentence(name: str) -> None:
    rule = RULES[name]
    assert rule.verbose_name[0].isupper()
    assert rule.help_text.endswith(".")
    assert rule.help_text.count(". ") == 0


def test_a_pair_cannot_have_fewer_votes_at_most_than_at_first(member: Member, client: Client) -> None:
    campaign, words = member.campaign, ["Use 7 or more: every pair gets that many votes at first."]
    client.force_login(member.user)
    path, data = filled("votes_max", campaign)
    assert client.post(path, data | {"votes_wanted": 7, "votes_max": 6}).context["form"].errors == {"votes_max": words}
    address = f"/api/v1/campaigns/{campaign.slug}/"
    response = client_of(member.user, "manage").patch(address, {"votes_wanted": 7, "votes_max": 6})
    assert response.json()["errors"] == {"votes_max": words}


@pytest.mark.parametrize("rule", ["swiss", "information_gain"])
def test_a_rule_that_looks_at_votes_needs_two_pairs_per_image(rule: str, member: Member, client: Client) -> None:
    campaign, words = member.campaign, ["Use 2 or more: with this pairing, the first batch puts each image in two pairs."]
    client.force_login(member.user)
    path, data = filled("pairing_rule", campaign)
    wrong = {"pairing_rule": rule, "pairs_per_image": 1}
    assert client.post(path, data | wrong).context["form"].errors == {"pairs_per_image": words}
    address = f"/api/v1/campaigns/{campaign.slug}/"
    assert client_of(member.user, "manage").patch(address, wrong).json()["errors"] == {"pairs_per_image": words}


def test_a_rule_that_does_not_exist_is_a_mistake(campaign: Campaign) -> None:
    with pytest.raises(TypeError, match="vote_wanted"):
        lifecycle.change_campaign(campaign=campaign, by=None, rules={"vote_wanted": 3})


# --- the document


def values_in_words(rule: models.Field[Any, Any]) -> str:
    if limits := limits_of(rule):
        low, high = limits
        return f"{low:,} to {high:,}" + (", or empty" if rule.null else "")
    if isinstance(rule, models.BooleanField):
        return "`true` or `false`"
    if rule.choices:
        return " or ".join(f"`{value}`" for value, _ in rule.flatchoices)
    return f"up to {rule.max_length:,} characters"


def default_in_words(rule: models.Field[Any, Any]) -> str:
    default = rule.get_default()
    return "empty" if default in (None, "") else f"`{json.dumps(default)}`".replace('"', "")


def test_the_managers_document_lists_every_rule() -> None:
    """On a failure, put the table that is shown here into the document."""
    rows = ["| setting | name over REST | values | default | what it does |", "|---|---|---|---|---|"]
    for group in RULE_GROUPS:
        rows.append(f"| **{group.title}** | | | | |")
        for name in group.names:
            rule = RULES[name]
            over_rest = f"`{name}`" if group.is_setting else "–"
            rows.append(
                f"| {rule.verbose_name} | {over_rest} | {values_in_words(rule)} | {default_in_words(rule)} | {rule.help_text} |"
            )
    table = "\n".join(rows)
    assert table in MANAGERS.read_text(), f"\n{table}\n"


# --- an older installation


def test_older_values_outside_the_limits_become_the_nearest_inside(campaign: Campaign) -> None:
    [path] = Path(migrations.__file__).parent.glob("*_campaign_rule_limits.py")
    migration = importlib.import_module(f"annotator.migrations.{path.stem}")
    within = CampaignFactory(stop_confidence=0.8, return_url="https://platform.example/", citation="As it is.")
    before = Campaign.objects.filter(pk=within.pk).values().get()
    old = {"stop_confidence": 0.9995, "limit_share": 0.0001, "undo_minutes": 0, "repeat_after": 20_000, "training_tries": 101}
    old |= {"flags_to_hold": 101, "undo_votes": 101, "limit_per_day": 2_000_000_000, "limit_total": 2_000_000_000}
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # no table changes while references to it wait to be checked
        for constraint in rule_constraints():
            cursor.execute(f"ALTER TABLE annotator_campaign DROP CONSTRAINT {constraint.name}")
    Campaign.objects.filter(pk=campaign.pk).update(**old, return_url="https://", citation="x" * 5001)

    migration.bring_within_limits(apps, None)

    campaign.refresh_from_db()
    campaign.full_clean()
    limits = {name: limits_of(RULES[name]) for name in old}
    assert all(getattr(campaign, name) in limits[name] for name in old)
    assert (campaign.return_url, len(campaign.citation)) == ("", 5000)
    assert Campaign.objects.filter(pk=within.pk).values().get() == before


# --- each constraint of a rule by its name


def set_rule(name: str, value: Any) -> None:
    """A campaign with this value of a rule. Its votes per pair can go up to their limit."""
    change(CampaignFactory(votes_max=100), **{name: value})


ATTEMPTS = Attempts(
    {
        **{
            f"campaign_{name}_limits": partial(set_rule, name, limits[1] + 1)
            for name, rule in RULES.items()
            if (limits := limits_of(rule))
        },
        **{f"campaign_{name}_known": partial(set_rule, name, "nonsense") for name, rule in RULES.items() if rule.choices},
        "campaign_votes_wanted_limits": lambda: set_rule("votes_wanted", 0),  # above the limit it would exceed votes_max
        "campaign_return_url_form": lambda: set_rule("return_url", "http://platform.example/"),
        "campaign_licence_form": lambda: set_rule("licence", "Do as you like"),
        "campaign_citation_length": lambda: set_rule("citation", "x" * 5001),
        "campaign_votes_max_from_votes_wanted": lambda: change(CampaignFactory(votes_wanted=3), votes_max=2),
    }
)


@pytest.mark.parametrize("name", sorted(ATTEMPTS))
def test_the_database_refuses(name: str) -> None:
    assert_refused(name, ATTEMPTS[name])
