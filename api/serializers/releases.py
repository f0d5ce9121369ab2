"""Releases and their files."""

from __future__ import annotations

from rest_framework import serializers

from annotator.models import Release, ReleaseFile


class ReleaseFileSerializer(serializers.ModelSerializer[ReleaseFile]):
    """A file of a release."""

    class Meta:
        model = ReleaseFile
        fields = ["path", "size", "sha256"]
        read_only_fields = fields


class ReleaseSerializer(serializers.ModelSerializer[Release]):
    """An immutable, numbered snapshot of a campaign in Hub format. It lists its files when it is ready."""

    files = ReleaseFileSerializer(many=True)

    class Meta:
        model = Release
        fields = ["number", "revision", "state", "progress", "files", "created_at", "error"]
        read_only_fields = fields
