from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from annotator.lib.env import read_bool, read_int, read_list, read_path, read_postgres_url, read_str, read_url


@pytest.mark.parametrize(
    ("raw", "value"), [("x", "x"), ("  x y ", "x y"), ("", "fallback"), ("   ", "fallback"), (None, "fallback")]
)
def test_text_loses_blanks_around_it_and_falls_back_when_empty(monkeypatch, raw, value):
    set_variable(monkeypatch, raw)

    assert read_str("NAME", "fallback") == value


@pytest.mark.parametrize("raw", ["1", "true", "True", " YES ", "on"])
def test_words_for_true(monkeypatch, raw):
    set_variable(monkeypatch, raw)

    assert read_bool("NAME", default=False) is True


@pytest.mark.parametrize("raw", ["0", "false", "No", "OFF", ""])
def test_words_for_false(monkeypatch, raw):
    set_variable(monkeypatch, raw)

    assert read_bool("NAME", default=True) is False


@pytest.mark.parametrize("default", [True, False])
def test_an_unset_switch_has_its_default(monkeypatch, default):
    set_variable(monkeypatch, None)

    assert read_bool("NAME", default=default) is default


@pytest.mark.parametrize("raw", ["2", "maybe", "truee", "0.0"])
def test_any_other_word_is_refused(monkeypatch, raw):
    set_variable(monkeypatch, raw)

    with pytest.raises(ImproperlyConfigured, match=r"NAME='.*' is not true or false"):
        read_bool("NAME", default=False)


@pytest.mark.parametrize(("raw", "value"), [("1", 1), (" 9 ", 9), ("007", 7), ("", 5), (None, 5)])
def test_a_number_in_its_range(monkeypatch, raw, value):
    set_variable(monkeypatch, raw)

    assert read_int("NAME", 5, low=1, high=9) == value


@pytest.mark.parametrize("raw", ["0", "10", "-1", "+1", "1.5", "1e1", "five", "٣", "1_0"])
def test_a_number_out_of_range_or_none_at_all_is_refused(monkeypatch, raw):
    set_variable(monkeypatch, raw)

    with pytest.raises(ImproperlyConfigured, match=r"NAME='.*' is not valid. Use a whole number from 1 to 9"):
        read_int("NAME", 5, low=1, high=9)


@pytest.mark.parametrize(
    ("raw", "value"), [("a", ["a"]), ("a,b", ["a", "b"]), (" a , ,b,", ["a", "b"]), ("", []), (",", []), (None, ["default"])]
)
def test_a_list_drops_blanks_and_empty_items(monkeypatch, raw, value):
    set_variable(monkeypatch, raw)

    assert read_list("NAME", ["default"]) == value


def test_a_path_is_absolute_and_knows_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    for raw, value in [("~/x", tmp_path / "x"), ("x/../y", tmp_path / "y"), ("", Path("/default")), (None, Path("/default"))]:
        set_variable(monkeypatch, raw)
        assert read_path("NAME", Path("/default")) == value


@pytest.mark.parametrize("raw", ["a://host/x", "b://", ""])
def test_a_url_with_a_known_scheme_or_none_at_all(monkeypatch, raw):
    set_variable(monkeypatch, raw)

    assert read_url("NAME", "a", "b") == raw


@pytest.mark.parametrize("raw", ["c://host", "host:5432", "/path", "a//host"])
def test_a_url_with_another_scheme_is_refused_without_showing_its_password(monkeypatch, raw):
    set_variable(monkeypatch, raw)

    with pytest.raises(ImproperlyConfigured) as error:
        read_url("NAME", "a", "b")
    assert str(error.value) == "NAME must start with a:// or b://."


def set_variable(monkeypatch: pytest.MonkeyPatch, raw: str | None) -> None:
    if raw is None:
        monkeypatch.delenv("NAME", raising=False)
    else:
        monkeypatch.setenv("NAME", raw)


def test_the_url_of_a_database_may_name_sockets_ports_and_parameters(monkeypatch):
    set_variable(monkeypatch, "postgresql://ann:a%2Fb@%2Frun%2FOne,two:5433/site?sslmode=require")

    assert read_postgres_url("NAME") == {
        "user": "ann",
        "password": "a/b",
        "host": "/run/One,two",
        "port": ",5433",
        "dbname": "site",
        "sslmode": "require",
    }


def test_the_url_of_a_database_that_libpq_cannot_read_is_refused_without_its_password(monkeypatch):
    set_variable(monkeypatch, "postgres://ann:se%cret@db/site")

    with pytest.raises(ImproperlyConfigured, match="NAME is not valid") as error:
        read_postgres_url("NAME")
    assert "se%c" not in str(error.value)
