"""Imports and their refused lines."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from annotator.models import Import, LineError


class ImportUpload(serializers.Serializer[Any]):
    """A form with the file to import."""

    # For the OpenAPI document only: the view reads the form itself.

    file = serializers.FileField(help_text="JSONL, CSV, Parquet, or a ZIP with one of these files and its images.")
    map = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="Columns with other names in your file: ours=theirs."
    )


class LineErrorSerializer(serializers.ModelSerializer[LineError]):
    """A refused line and the reason."""

    class Meta:
        model = LineError
        fields = ["number", "field", "message"]
        read_only_fields = fields


class ImportSerializer(serializers.ModelSerializer[Import]):
    """An import of pairs from a file or a request body."""

    map = serializers.DictField(source="column_map", child=serializers.CharField(), read_only=True)

    class Meta:
        model = Import
        fields = [
            "id",
            "file_name",
            "map",
            "state",
            "error",
            "attempts",
            "lines_total",
            "lines_done",
            "lines_failed",
            "pairs_added",
            "pairs_known",
            "created_at",
            "finished_at",
            "undone_at",
        ]
        read_only_fields = fields


class ImportDetailSerializer(ImportSerializer):
    """An import with up to 1000 of its refused lines."""

    line_errors = serializers.SerializerMethodField()
    line_errors_next = serializers.SerializerMethodField(help_text="The address of the next refused lines, or null.")

    class Meta(ImportSerializer.Meta):
        fields = [*ImportSerializer.Meta.fields, "line_errors", "line_errors_next"]
        read_only_fields = fields

    @extend_schema_field(LineErrorSerializer(many=True))
    def get_line_errors(self, import_: Import) -> Any:
        return LineErrorSerializer(self.context["line_errors"], many=True).data

    @extend_schema_field({"type": "string", "format": "uri", "nullable": True})
    def get_line_errors_next(self, import_: Import) -> str | None:
        return self.context["line_errors_next"]
