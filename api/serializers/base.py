"""Fields with strict JSON types, and bodies that refuse unknown fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from rest_framework import serializers


class Text(serializers.CharField):
    """A JSON string; numbers are refused."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class WholeNumber(serializers.IntegerField):
    """A JSON integer; `"5"`, `5.0` and `true` are refused."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return super().to_internal_value(data)


class Share(serializers.FloatField):
    """A JSON number; strings and `true` are refused."""

    def to_internal_value(self, data: Any) -> float:
        if type(data) not in (int, float):
            self.fail("invalid")
        return super().to_internal_value(data)


class YesOrNo(serializers.BooleanField):
    """A JSON true or false; strings and numbers are refused."""

    def to_internal_value(self, data: Any) -> bool:
        if type(data) is not bool:
            self.fail("invalid")
        return data


class PatternText(Text, serializers.RegexField):
    pass


class Body(serializers.Serializer[Any]):
    """A request body. Unknown fields are errors."""

    # Otherwise a misspelt rule would be ignored silently.
    refused: Mapping[str, str] = {}  # messages for fields that a client could expect here

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        errors: dict[str, Any] = {}
        if isinstance(data, Mapping):
            for name in data.keys() - self.fields.keys():
                errors[name] = [self.refused.get(name, "This field does not exist.")]
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            errors.update(cast("dict[str, Any]", error.detail))
        if errors:
            raise serializers.ValidationError(errors)
        return values


class NoBody(Body):
    """No body, or an empty object."""
