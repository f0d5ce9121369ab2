"""Typed readers of environment variables. A wrong value stops the start with a sentence that says what to do."""

from __future__ import annotations

import os
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

TRUE_WORDS = {"1", "true", "yes", "on"}
FALSE_WORDS = {"0", "false", "no", "off", ""}


def read_str(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def read_bool(name: str, *, default: bool) -> bool:
    raw = os.environ.get(name)
    if raw is None:
        return default
    word = raw.strip().lower()
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise ImproperlyConfigured(f"{name}={raw!r} is not true or false. Use 1 or 0.")


def read_int(name: str, default: int, *, low: int, high: int) -> int:
    raw = read_str(name)
    if not raw:
        return default
    if not raw.isascii() or not raw.isdigit() or not low <= int(raw) <= high:
        raise ImproperlyConfigured(f"{name}={raw!r} is not valid. Use a whole number from {low} to {high}.")
    return int(raw)


def read_list(name: str, default: list[str]) -> list[str]:
    """Comma-separated; blanks around the items and empty items are dropped."""
    raw = os.environ.get(name)
    if raw is None:
        return default
    return [item.strip() for item in raw.split(",") if item.strip()]


def read_networks(name: str) -> list[IPv4Network | IPv6Network]:
    """Comma-separated networks, such as 10.20.0.0/16; a single address is a network of one."""
    try:
        return [ip_network(item) for item in read_list(name, [])]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}. Write networks like 10.20.0.0/16, separated by commas.") from error


def read_path(name: str, default: Path) -> Path:
    return Path(read_str(name, str(default))).expanduser().resolve()


def read_url(name: str, *schemes: str) -> str:
    """The URL, or "" when unset. Raises ImproperlyConfigured on another scheme."""
    raw = read_str(name)
    if raw and urlsplit(raw).scheme not in schemes:
        raise ImproperlyConfigured(f"{name} must start with {' or '.join(f'{scheme}://' for scheme in schemes)}.")
    return raw


def read_postgres_url(name: str) -> dict[str, str]:
    """What the URL says, by libpq's names and rules: it may name several hosts. Raises ImproperlyConfigured."""
    try:
        return {key: str(value) for key, value in conninfo_to_dict(read_url(name, "postgres", "postgresql")).items()}
    except ProgrammingError:  # its words may hold a piece of the password
        raise ImproperlyConfigured(
            f"{name} is not valid. Write postgres://user:password@host:5432/name, percent-encode special characters in user and "
            "password, and put only parameters of libpq after a question mark."
        ) from None
