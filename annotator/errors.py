"""What a domain function raises when it will not do a thing. Views, the API and commands turn these into their own words."""

from __future__ import annotations


class DomainError(Exception):
    """A request that is understood and refused: `code` for programs, `detail` for people, `errors` per field."""

    code = "refused"

    def __init__(self, detail: str, *, code: str | None = None, errors: dict[str, list[str]] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.code
        self.errors = errors or {}


class Invalid(DomainError):
    """The input is wrong; sent again unchanged it will be wrong again."""

    code = "invalid"


class TooLarge(DomainError):
    """Larger than what there is room for; `detail` says how much that is."""

    code = "body_too_large"


class NotAllowed(DomainError):
    """Known to the one who asks, but not theirs to do."""

    code = "not_allowed"


class NotFound(DomainError):
    """Does not exist, or not for the one who asks."""

    code = "not_found"


class Conflict(DomainError):
    """Right in itself, but not in the present state of things."""

    code = "conflict"
