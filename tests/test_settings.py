"""The settings as the environment makes them. Each test runs the settings file on an environment of its own."""

from __future__ import annotations

import os
import re
import runpy
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.settings import with_database_number

ROOT = Path(__file__).resolve().parent.parent
Load = Callable[..., dict[str, Any]]
EXTERNAL = {"DATABASE_URL": "postgres://ann:secret@db:5433/site", "SECRET_KEY": "k" * 60}


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Load:
    """Runs settings.py with nothing but the given variables (and a folder of the test's own)."""

    def run(**variables: str) -> dict[str, Any]:
        for name in list(os.environ):
            monkeypatch.delenv(name)
        for name, value in {"DATA_DIR": str(tmp_path / "data"), **variables}.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(ROOT / "annotator" / "settings.py"))

    return run


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """Its path has room for the name of a socket, wherever the folders of tests are."""
    with TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)


def test_a_machine_with_nothing_set_serves_itself_alone(load, short_folder):
    settings = load(DATA_DIR=str(short_folder))

    assert settings["DEBUG"] is False
    assert settings["ALLOWED_HOSTS"] == ["localhost", "127.0.0.1", "[::1]"]
    assert settings["HTTPS"] is False
    assert settings["EMBEDDED_SERVERS"] == ["postgres", "valkey"]
    assert settings["DATABASES"]["default"]["HOST"] == str(short_folder / "postgres")
    assert settings["CELERY_BROKER_URL"] == f"redis+socket://{short_folder}/valkey/valkey.sock"
    assert settings["STORAGES"]["default"]["OPTIONS"]["location"] == str(short_folder / "storage")
    assert settings["PORT"] == 8000
    assert settings["HUB_NAMESPACE"] == "diptych"


def test_it_makes_a_secret_key_once_and_keeps_it_from_others(load, tmp_path):
    first = load()["SECRET_KEY"]

    assert len(first) > 50
    assert load()["SECRET_KEY"] == first
    assert stat.S_IMODE((tmp_path / "data" / "secret_key").stat().st_mode) == 0o600


def test_a_given_secret_key_is_used_and_none_is_written(load, tmp_path):
    assert load(SECRET_KEY="given")["SECRET_KEY"] == "given"
    assert not (tmp_path / "data" / "secret_key").exists()


def test_a_site_on_an_external_database_needs_a_secret_key_that_its_processes_share(load):
    with pytest.raises(ImproperlyConfigured, match="Set SECRET_KEY to a long random string"):
        load(DATABASE_URL="postgres://db/site", ALLOWED_HOSTS="annotate.example.org")

    assert load(DATABASE_URL="postgres://db/site")["SECRET_KEY"]  # for this machine alone, where there is one folder


def test_external_servers_are_used_and_none_is_started(load):
    settings = load(**EXTERNAL, REDIS_URL="rediss://:pw@broker:6380/3")

    database = settings["DATABASES"]["default"]
    assert settings["EMBEDDED_SERVERS"] == []
    assert [database[key] for key in ("ENGINE", "HOST", "PORT", "USER", "PASSWORD", "NAME")] == [
        *("annotator.lib.postgres", "db", "5433", "ann", "secret", "site")
    ]
    assert settings["CELERY_BROKER_URL"] == settings["CACHES"]["default"]["LOCATION"] == "rediss://:pw@broker:6380/3"


def test_of_several_database_servers_the_primary_is_used_and_a_lost_one_is_noticed_soon(load):
    url = "postgres://ann:s%40cret@one:5432,two:5433/site?sslmode=require&connect_timeout=7"

    database = load(DATABASE_URL=url)["DATABASES"]["default"]

    assert [database[key] for key in ("HOST", "PORT", "PASSWORD", "NAME")] == ["one,two", "5432,5433", "s@cret", "site"]
    assert {"target_session_attrs": "read-write", "connect_timeout": "7", "sslmode": "require"}.items() <= database[
        "OPTIONS"
    ].items()
    assert "target_session_attrs" not in load(**EXTERNAL)["DATABASES"]["default"]["OPTIONS"]


@pytest.mark.parametrize(
    ("url", "broker", "cache"),
    [
        ("redis://broker/0", "redis://broker/0", "redis://broker/0"),
        ("unix:///run/v.sock", "redis+socket:///run/v.sock?virtual_host=0", "unix:///run/v.sock?db=0"),
        ("unix:///run/v.sock?db=2", "redis+socket:///run/v.sock?virtual_host=2", "unix:///run/v.sock?db=2"),
        ("redis+socket:///run/v.sock?virtual_host=4", "redis+socket:///run/v.sock?virtual_host=4", "unix:///run/v.sock?db=4"),
    ],
)
def test_broker_and_cache_are_the_same_server_each_in_its_own_spelling(load, url, broker, cache):
    settings = load(REDIS_URL=url)

    assert settings["CELERY_BROKER_URL"] == broker
    assert settings["CACHES"]["default"]["LOCATION"] == cache
    assert settings["EMBEDDED_SERVERS"] == ["postgres"]


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"DATABASE_URL": "mysql://db/site"}, "DATABASE_URL must start with postgres:// or postgresql://"),
        ({"DATABASE_URL": "db/site"}, "DATABASE_URL must start with"),
        ({"DATABASE_URL": "postgres://db/site?sslmod=require"}, "DATABASE_URL is not valid. Write postgres://user:password@host"),
        ({"REDIS_URL": "amqp://broker"}, "REDIS_URL must start with redis:// or rediss://"),
        ({"DEBUG": "perhaps"}, "DEBUG='perhaps' is not true or false"),
        ({"HTTPS": "https"}, "HTTPS='https' is not true or false"),
        ({"WEBHOOK_NETWORKS": "10.1.2.3/8"}, "WEBHOOK_NETWORKS: 10.1.2.3/8 has host bits set. Write networks like 10.20.0.0/16"),
        ({"PORT": "80a"}, "PORT='80a' is not valid. Use a whole number"),
        ({"PORT": "65536"}, "PORT='65536' is not valid. Use a whole number from 1 to 65535"),
        ({"STORAGE_URL": "s3://"}, "has no bucket"),
        ({"STORAGE_URL": "ftp://host/x"}, "Use a folder or s3://bucket/folder"),
        ({"DATABASE_POOL": "1", "DATABASE_POOL_SIZE": "0"}, "DATABASE_POOL_SIZE='0' is not valid. Use a whole number"),
    ],
)
def test_a_wrong_value_stops_the_start_and_says_which(load, variables, says):
    with pytest.raises(ImproperlyConfigured) as error:
        load(**variables)
    assert says in str(error.value)


def test_a_site_that_others_can_reach_is_https_only(load):
    settings = load(**EXTERNAL, ALLOWED_HOSTS="annotate.example.org")

    assert settings["HTTPS"] is True
    for name in ("SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE"):
        assert settings[name] is True
    assert settings["SECURE_HSTS_SECONDS"] >= 31536000
    assert settings["SECURE_PROXY_SSL_HEADER"] == ("HTTP_X_FORWARDED_PROTO", "https")


@pytest.mark.parametrize("variables", [{"HTTPS": "0"}, {"DEBUG": "1"}])
def test_https_can_be_left_out_on_purpose(load, variables):
    settings = load(ALLOWED_HOSTS="lan.example.org", **variables)

    assert settings["SECURE_SSL_REDIRECT"] is False
    assert settings["SESSION_COOKIE_SECURE"] is False
    assert settings["SECURE_PROXY_SSL_HEADER"] is None  # without a proxy in front, anybody could send that header


def test_every_page_forbids_foreign_and_inline_scripts_and_frames(load):
    directives = load()["CONTENT_SECURITY_POLICY"]["DIRECTIVES"]

    assert directives["default-src"] == ["'none'"]
    assert directives["script-src"] == directives["style-src"] == ["'self'"]
    assert directives["frame-ancestors"] == ["'none'"]


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("/srv/images", {"location": "/srv/images"}),
        ("file:///srv/images", {"location": "/srv/images"}),
        ("s3://bucket", {"bucket_name": "bucket", "location": ""}),
        ("s3://bucket/a/b/", {"bucket_name": "bucket", "location": "a/b"}),
    ],
)
def test_storage_is_a_folder_or_a_bucket(load, url, options):
    assert options.items() <= load(STORAGE_URL=url)["STORAGES"]["default"]["OPTIONS"].items()


def test_objects_in_a_bucket_are_private_and_its_server_can_be_another(load):
    options = load(STORAGE_URL="s3://bucket", AWS_ENDPOINT_URL="https://s3.example.org")["STORAGES"]["default"]["OPTIONS"]

    assert options["endpoint_url"] == "https://s3.example.org"
    assert options["querystring_auth"] is True
    assert options["default_acl"] is None


@pytest.mark.parametrize(
    ("variables", "origins"),
    [
        ({"STORAGE_URL": "s3://pics"}, []),
        ({"STORAGE_URL": "s3://pics", "SEND_FILES": "store"}, ["https://pics.s3.amazonaws.com"]),
        (
            {"STORAGE_URL": "s3://pics", "SEND_FILES": "store", "AWS_DEFAULT_REGION": "eu-west-1"},
            ["https://pics.s3.amazonaws.com", "https://pics.s3.eu-west-1.amazonaws.com"],
        ),
        (
            {"STORAGE_URL": "s3://pics", "SEND_FILES": "store", "AWS_ENDPOINT_URL": "https://s3.example.org"},
            ["https://s3.example.org", "https://pics.s3.example.org"],
        ),
    ],
)
def test_pages_may_have_images_from_the_bucket_that_sends_them_and_from_nowhere_else(load, variables, origins):
    assert load(**variables)["CONTENT_SECURITY_POLICY"]["DIRECTIVES"]["img-src"] == ["'self'", "data:", *origins]


CDN = {"CDN_URL": "https://images.example.org", "CDN_SECRET": "k" * 32, "CDN_COOKIE_DOMAIN": "example.org"}


def test_pages_may_have_images_from_the_cdn(load):
    settings = load(**CDN)

    assert settings["CONTENT_SECURITY_POLICY"]["DIRECTIVES"]["img-src"] == ["'self'", "data:", "https://images.example.org"]
    assert load(CDN_URL="/cdn/", CDN_SECRET="k" * 32)["CDN_URL"] == "/cdn"


@pytest.mark.parametrize(
    "variables",
    [
        {"CDN_URL": "images.example.org"},
        {"CDN_URL": "ftp://images.example.org"},
        {"CDN_URL": "//images.example.org"},
        {"CDN_SECRET": ""},
        {"CDN_SECRET": "k" * 31},
        {"CDN_SECRET": "k" * 40 + '"'},
        {"CDN_COOKIE_DOMAIN": ""},
        {"CDN_COOKIE_DOMAIN": "another.org"},
        {"CDN_COOKIE_DOMAIN": "xample.org"},
    ],
)
def test_a_cdn_that_cannot_work_stops_the_start(load, variables):
    with pytest.raises(ImproperlyConfigured, match="CDN_"):
        load(**CDN | variables)


def test_a_process_with_threads_shares_connections_and_others_keep_theirs(load):
    pooled = load(DATABASE_POOL="1", DATABASE_POOL_SIZE="12")["DATABASES"]["default"]
    kept = load()["DATABASES"]["default"]

    assert pooled["OPTIONS"]["pool"]["max_size"] == 12
    assert pooled["CONN_MAX_AGE"] == 0
    assert pooled["CONN_HEALTH_CHECKS"]
    assert kept["CONN_HEALTH_CHECKS"]
    assert "pool" not in kept["OPTIONS"]
    assert kept["CONN_HEALTH_CHECKS"] is True


def test_statements_are_prepared_unless_a_pooler_stands_in_the_way(load):
    assert load()["DATABASES"]["default"]["OPTIONS"]["prepare_threshold"] == 0
    assert "prepare_threshold" not in load(DATABASE_PREPARE="0")["DATABASES"]["default"]["OPTIONS"]


@pytest.mark.parametrize("variables", [{"PORT": "eighty"}, {"DATA_DIR": "/dev/null/diptych"}])
def test_the_command_line_says_what_is_wrong_in_one_line(tmp_path, variables):
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), **variables}

    done = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30
    )

    name, value = next(iter(variables.items()))
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert name in done.stderr
    assert value in done.stderr


@pytest.mark.parametrize(
    ("url", "numbered"),
    [
        ("redis://:pw@broker:6380/3", "redis://:pw@broker:6380/7"),
        ("rediss://broker", "rediss://broker/7"),
        ("unix:///run/v.sock?db=2", "unix:///run/v.sock?db=7"),
        ("redis+socket:///run/v.sock", "redis+socket:///run/v.sock?virtual_host=7"),
    ],
)
def test_the_tests_keep_to_a_database_of_their_own(url, numbered):
    assert with_database_number(url, 7) == numbered


# --- people

HF = '[{"id": "huggingface", "name": "Hugging Face", "url": "https://huggingface.co/", "client_id": "us", "client_secret": "s"}]'


def test_providers_of_log_ins_are_read_from_json(load):
    assert load()["SOCIALACCOUNT_PROVIDERS"] == {"openid_connect": {"APPS": []}}
    (app,) = load(OIDC_PROVIDERS=HF)["SOCIALACCOUNT_PROVIDERS"]["openid_connect"]["APPS"]

    assert (app["provider_id"], app["name"], app["client_id"], app["secret"]) == ("huggingface", "Hugging Face", "us", "s")
    assert app["settings"]["server_url"] == "https://huggingface.co"
    assert app["settings"]["scope"] == ["openid", "profile", "email"]
    assert app["settings"]["oauth_pkce_enabled"] is True


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("[", "not valid JSON"),
        ('{"id": "x"}', "must be a JSON list"),
        ('["x"]', "must be a JSON list"),
        (HF.replace('"client_id"', '"client"'), "has unknown keys: client"),
        ('[{"id": "x", "url": "https://x.example"}]', "Provider 1 of OIDC_PROVIDERS needs a string 'client_id'"),
        (HF.replace('huggingface"', 'Hugging Face"', 1), "use only lower-case letters"),
        (HF.replace("https:", "http:"), "must start with https://"),
        (HF.replace('"us"', '"us", "scopes": ["email"]'), '"openid"'),
        (HF.replace('"us"', '"us", "token_auth_method": "none"'), "token_auth_method"),
        (HF[:-1] + "," + HF[1:], "two providers with the same id"),
    ],
)
def test_providers_that_cannot_work_stop_the_start(load, value, words):
    with pytest.raises(ImproperlyConfigured, match=re.escape(words)):
        load(OIDC_PROVIDERS=value)


def test_e_mails_go_to_the_log_unless_a_server_is_named(load):
    assert load()["EMAIL_BACKEND"].endswith("mail_files.EmailBackend")
    settings = load(EMAIL_URL="smtp://ann:p%40ss@mail.example.org:2525", EMAIL_FROM="Us <us@example.org>")

    assert settings["EMAIL_BACKEND"].endswith("smtp.EmailBackend")
    found = [settings[f"EMAIL_{name}"] for name in ("HOST", "PORT", "HOST_USER", "HOST_PASSWORD", "USE_TLS", "USE_SSL")]
    assert found == ["mail.example.org", 2525, "ann", "p@ss", True, False]
    assert settings["DEFAULT_FROM_EMAIL"] == "Us <us@example.org>"
    secure = load(EMAIL_URL="smtps://ann:x@mail.example.org")
    assert [secure[f"EMAIL_{name}"] for name in ("PORT", "USE_TLS", "USE_SSL")] == [465, False, True]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"EMAIL_URL": "https://mail.example.org"}, "EMAIL_URL must start with smtp"),
        ({"EMAIL_URL": "smtp://"}, "has no host"),
        ({"EMAIL_VERIFICATION": "always"}, "Use none, optional or mandatory"),
        ({"EMAIL_VERIFICATION": "mandatory"}, "needs EMAIL_URL"),
        ({"SESSION_DAYS": "1"}, "SESSION_DAYS"),
        ({"TRUSTED_PROXIES": "-1"}, "TRUSTED_PROXIES"),
    ],
)
def test_settings_for_people_that_cannot_work_stop_the_start(load, variables, words):
    with pytest.raises(ImproperlyConfigured, match=words):
        load(**variables)


def test_nobody_signs_up_and_no_proxy_is_trusted_unless_somebody_says_so(load):
    settings = load()

    assert (settings["OPEN_SIGN_UP"], settings["TRUSTED_PROXIES"]) == (False, 0)
    assert settings["SESSION_COOKIE_AGE"] == 14 * 24 * 3600
    assert load(SESSION_DAYS="30")["SESSION_COOKIE_AGE"] == 30 * 24 * 3600


def test_cookies_belong_to_this_host_alone_where_there_is_https(load):
    names = ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "DEVICE_COOKIE_NAME")
    secure = load(**EXTERNAL, ALLOWED_HOSTS="annotate.example.org")

    assert all(secure[name].startswith("__Host-") for name in names)
    assert secure["SESSION_COOKIE_SECURE"] is secure["CSRF_COOKIE_SECURE"] is True
    assert [load()[name] for name in names] == ["sessionid", "csrftoken", "device"]


def test_no_session_outlasts_its_end(load):
    settings = load(SESSION_DAYS="20", SESSION_DAYS_MAX="5")

    assert settings["SESSION_COOKIE_AGE"] == settings["SESSION_END_SECONDS"] == 5 * 24 * 3600
