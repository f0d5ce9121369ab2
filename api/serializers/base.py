"""Fields with strict JSON types, and bodies that refuse unknown fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from rest_framework import serializers

from annotator.lib.public_ids import PublicIds


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


class ShownId(serializers.IntegerField):
    """The number that stands for the id of a row where annotators see it. With `knows_ids` in the context, the id itself."""

    def __init__(self, ids: PublicIds, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)
        self._ids = ids

    def to_representation(self, value: int) -> int:
        return value if self.context.get("knows_ids") else self._ids.show(value)


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
