"""Serializers made from dataclasses, so that the OpenAPI document and the code that writes a document cannot differ."""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any

from rest_framework import serializers

PREFIX = "Statistics"
MADE: dict[type[Any], type[serializers.Serializer[Any]]] = {}  # each name in the OpenAPI document belongs to one class
PLAIN: dict[type, type[serializers.Field[Any, Any, Any, Any]]] = {
    bool: serializers.BooleanField,
    int: serializers.IntegerField,
    float: serializers.FloatField,
    str: serializers.CharField,
}


def serializer_of(document: type[Any]) -> type[serializers.Serializer[Any]]:
    """A serializer with the dataclass's fields and docstring, for responses only.

    All names in an OpenAPI document share one namespace, so `Progress` is called `StatisticsProgress` there.
    """
    if document in MADE:
        return MADE[document]
    hints = typing.get_type_hints(document)
    fields = {field.name: _field(hints[field.name]) for field in dataclasses.fields(document)}
    name = document.__name__ if document.__name__.startswith(PREFIX) else PREFIX + document.__name__
    MADE[document] = type(name, (serializers.Serializer,), {"__doc__": document.__doc__, **fields})
    return MADE[document]


def _field(hint: Any, **options: Any) -> serializers.Field[Any, Any, Any, Any]:
    if isinstance(hint, types.UnionType):
        [inner] = [part for part in typing.get_args(hint) if part is not type(None)]
        return _field(inner, allow_null=True)
    if typing.get_origin(hint) is list:
        [inner] = typing.get_args(hint)
        if dataclasses.is_dataclass(inner):
            return serializer_of(typing.cast("type[Any]", inner))(many=True, **options)
        return serializers.ListField(child=_field(inner), **options)
    if dataclasses.is_dataclass(hint):
        return serializer_of(typing.cast("type[Any]", hint))(**options)
    return PLAIN[hint](**options)
