"""Fields with strict JSON types, and bodies that refuse unknown fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from rest_framework import serializers


class Text(serializers.CharField):
    """A JSON string; a number is not taken for one."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class WholeNumber(serializers.IntegerField):
    """A JSON number without a fraction; `"5"`, `5.0` and `true` are not."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return super().to_internal_value(data)


class Share(serializers.FloatField):
    """A JSON number; text and `true` are not."""

    def to_internal_value(self, data: Any) -> float:
        if type(data) not in (int, float):
            self.fail("invalid")
        return super().to_internal_value(data)


class YesOrNo(serializers.BooleanField):
    """A JSON true or false; no word and no number is taken for one."""

    def to_internal_value(self, data: Any) -> bool:
        if type(data) is not bool:
            self.fail("invalid")
        return data


class PatternText(Text, serializers.RegexField):
    pass


class Body(serializers.Serializer[Any]):
    """What a client sends. A field that is not known is an error."""

    # Otherwise a misspelt rule would be no rule, and nobody would know.
    refused: Mapping[str, str] = {}  # what to say of fields that somebody may well expect here

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        errors: dict[str, Any] = {}
        if isinstance(data, Mapping):
            for name in data.keys() - self.fields.keys():
                errors[name] = [self.refused.get(name, "There is no such field.")]
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            errors.update(cast("dict[str, Any]", error.detail))
        if errors:
            raise serializers.ValidationError(errors)
        return values


class NoBody(Body):
    """A call that says all in its address."""
