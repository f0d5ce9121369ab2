"""Imports, and the lines of them that were refused."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from annotator.models import Import, LineError


class ImportUpload(serializers.Serializer[Any]):
    """A form with a file."""

    # For the OpenAPI document only: the view reads the form itself.

    file = serializers.FileField(help_text="JSONL, CSV, parquet, or a ZIP of one of them with its images.")
    map = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="Columns that are called otherwise, as ours=theirs."
    )


class LineErrorSerializer(serializers.ModelSerializer[LineError]):
    """Why a line was refused."""

    class Meta:
        model = LineError
        fields = ["number", "field", "message"]
        read_only_fields = fields


class ImportSerializer(serializers.ModelSerializer[Import]):
    """One file, or request body, of pairs on its way in."""

    map = serializers.DictField(source="column_map", child=serializers.CharField(), read_only=True)

    class Meta:
        model = Import
        fields = [
            "id",
            "file_name",
            "map",
            "state",
            "error",
            "lines_total",
            "lines_done",
            "lines_failed",
            "pairs_added",
            "pairs_known",
            "created_at",
            "finished_at",
        ]
        read_only_fields = fields


class ImportDetailSerializer(ImportSerializer):
    """An import with the lines that were refused, up to a thousand at a time."""

    line_errors = serializers.SerializerMethodField()
    line_errors_next = serializers.SerializerMethodField(help_text="The address that shows the refused lines after these.")

    class Meta(ImportSerializer.Meta):
        fields = [*ImportSerializer.Meta.fields, "line_errors", "line_errors_next"]
        read_only_fields = fields

    @extend_schema_field(LineErrorSerializer(many=True))
    def get_line_errors(self, import_: Import) -> Any:
        return LineErrorSerializer(self.context["line_errors"], many=True).data

    @extend_schema_field({"type": "string", "format": "uri", "nullable": True})
    def get_line_errors_next(self, import_: Import) -> str | None:
        return self.context["line_errors_next"]
