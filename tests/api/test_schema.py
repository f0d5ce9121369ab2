from __future__ import annotations

import json

import pytest
import yaml
from django.core.management import call_command
from django.urls import URLPattern, get_resolver
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator

from annotator.lib.lazy_import import lazy_import
from tests.api.clients import ApiClient, assert_error

ADDRESS = "/api/v1/schema/"
OPERATIONS = {
    "get_schema",
    "list_campaigns",
    "create_campaign",
    "get_campaign",
    "change_campaign",
    "list_imports",
    "create_import",
    "get_import",
    "cancel_import",
    "undo_import",
    "list_pairs",
    "list_prompts",
    "list_votes",
    "next_assignments",
    "vote",
    "skip",
    "flag",
    "undo",
    "get_statistics",
    "get_leaderboard",
    "list_review_rules",
    "preview_review_rules",
    "list_moderation_actions",
    "list_invites",
    "create_invite",
    "get_invite",
    "revoke_invite",
    "list_webhooks",
    "create_webhook",
    "get_webhook",
    "change_webhook",
    "remove_webhook",
    "ping_webhook",
    "list_deliveries",
    "list_releases",
    "create_release",
    "get_release",
    "cancel_release",
    "yank_release",
    "list_withdrawn_releases",
    "rebuild_releases",
    "list_take_downs",
    "take_down_image",
    "get_release_file",
}


@pytest.fixture(scope="module")
def schema() -> dict:
    return SchemaGenerator().get_schema(request=None, public=True)


def operations_of(schema: dict) -> list[tuple[str, str, dict]]:
    return [(path, method, operation) for path, methods in schema["paths"].items() for method, operation in methods.items()]


def test_it_is_public_and_json():
    response = ApiClient().get(ADDRESS)

    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    assert response.json()["openapi"].startswith("3.")


def test_it_is_yaml_for_those_who_ask():
    response = ApiClient(headers={"Accept": "application/vnd.oai.openapi"}).get(ADDRESS)

    assert yaml.safe_load(response.content) == ApiClient().get(ADDRESS).json()


def test_it_is_valid_openapi(schema):
    validation = lazy_import("drf_spectacular.validation")  # a second, of the one process that runs this test
    validation.validate_schema(json.loads(json.dumps(schema)))


def test_it_is_made_without_a_warning():
    with GENERATOR_STATS.silence():
        GENERATOR_STATS.reset()
        SchemaGenerator().get_schema(request=None, public=True)
        assert not GENERATOR_STATS._warn_cache
        assert not GENERATOR_STATS._error_cache


def test_the_command_finds_nothing_wrong_either(tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"))


def test_it_names_every_operation(schema):
    assert {operation["operationId"] for _, _, operation in operations_of(schema)} == OPERATIONS


def test_it_has_every_address_of_the_api(schema):
    api = next(pattern for pattern in get_resolver().url_patterns if getattr(pattern, "app_name", "") == "api")
    version_1 = api.url_patterns[0]

    def count(patterns) -> int:
        return sum(1 if isinstance(pattern, URLPattern) else count(pattern.url_patterns) for pattern in patterns)

    assert count(version_1.url_patterns) == len(schema["paths"])


def test_every_operation_says_with_which_errors_it_may_answer(schema):
    for path, method, operation in operations_of(schema):
        statuses = set(operation["responses"])
        if operation["operationId"] == "get_schema":
            continue
        assert {"401", "403"} <= statuses
        assert ("404" in statuses) == ("{" in path)
        if method in ("post", "patch"):
            assert {"400", "409", "413", "415"} <= statuses
        for status in statuses:
            if status >= "400":
                assert operation["responses"][status]["content"]["application/json"]["schema"]["$ref"].endswith("/Error")


def test_its_descriptions_are_for_its_readers(schema):
    assert "context[" not in json.dumps(schema)
    assert all(operation["description"] for _, _, operation in operations_of(schema))


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
def test_it_knows_no_other_methods(method):
    assert_error(getattr(ApiClient(), method)(ADDRESS), 405, "method_not_allowed")
