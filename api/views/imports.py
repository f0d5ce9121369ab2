"""Imports: send a file or JSON lines, then get the progress and the refused lines."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from annotator import tasks
from annotator.campaigns.access import campaign_for_manager
from annotator.choices import Scope
from annotator.errors import Invalid, NotFound
from annotator.importing.lifecycle import cancel_import, check_column_map, create_import
from annotator.importing.receive_upload import StoredUpload, UploadReceiver
from annotator.importing.undo import undo_import
from annotator.models import Campaign, Import, User
from api import idempotency
from api.pagination import NewestFirst
from api.parsers import JSON_LINES_PARSERS, JSONParser, read_json
from api.serializers.base import NoBody
from api.serializers.imports import ImportDetailSerializer, ImportSerializer, ImportUpload
from api.views.base import View, location, page_of, user_of, valid_body, whole_number

BODY_NAME = "request.jsonl"  # the file name of an import sent as the body
LINE_ERRORS_SHOWN = 1000
LINE_LIMIT = 2**31 - 1
MAP_PARAMETER = OpenApiParameter(
    "map",
    {"type": "array", "items": {"type": "string", "pattern": r"^([^=]+=.+|\{.*\})$"}},
    description="Maps a column name to another name in your file: ours=theirs. Repeat it, or send one JSON object.",
)
JSON_LINES = {"type": "string", "minLength": 1}
JSON_OR_LIST = {"oneOf": [{"type": "object", "minProperties": 1}, {"type": "array", "items": {}, "minItems": 1}]}


class ImportList(View):
    pagination_class = NewestFirst
    scopes = {"GET": [Scope.IMPORT], "POST": [Scope.IMPORT]}
    parser_classes = [MultiPartParser, JSONParser, *JSON_LINES_PARSERS]

    def body_limit(self) -> int:
        return settings.API_UPLOAD_LIMIT

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        self.receiver = UploadReceiver()
        request.upload_handlers = [self.receiver]
        return super().initialize_request(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        session_user = request._request.user
        if request.method == "POST" and "Authorization" not in request.headers and isinstance(session_user, User):
            self.check_length(request)
            # Now, because a session's CSRF token is looked for in the body.
            self.begin(request, session_user, kwargs["slug"])
        super().initial(request, *args, **kwargs)

    def begin(self, request: Request, user: User, slug: str) -> Campaign:
        """The campaign that is imported into. From here on the body may be read. Raises NotFound, NotAllowed and TooLarge."""
        campaign = campaign_for_manager(user, slug)
        self.receiver.begin(campaign, int(request.META.get("CONTENT_LENGTH") or 0))
        return campaign

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        if request.method == "POST":
            self.receiver.remove_rest()
        return super().finalize_response(request, response, *args, **kwargs)

    @extend_schema(operation_id="list_imports", responses=ImportSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """List the campaign's imports, newest first."""
        campaign = campaign_for_manager(user_of(request), slug)
        return page_of(request, campaign.imports.all(), ImportSerializer)

    @extend_schema(
        operation_id="create_import",
        parameters=[MAP_PARAMETER, idempotency.PARAMETER],
        request={
            "multipart/form-data": ImportUpload,
            "application/jsonl": JSON_LINES,
            "application/x-ndjson": JSON_LINES,
            "text/plain": JSON_LINES,
            "application/octet-stream": JSON_LINES,
            "application/json": JSON_OR_LIST,
        },
        responses={202: ImportDetailSerializer},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Send a file (JSONL, CSV, Parquet or ZIP, as `file`), JSON lines, or JSON. Get the import to follow its state."""
        user = user_of(request)
        campaign = self.begin(request, user, slug)
        # Before the row: a transaction that stays open during the upload would delay every reader of the vote feed.
        file, file_name = received_file(request, self.receiver)
        column_map = column_map_of(request)

        def make() -> Response:
            import_ = create_import(
                campaign=campaign,
                file_name=file_name,
                by=user,
                column_map=column_map,
                stored_name=file.stored_name,
                size=file.size or 0,
            )
            self.receiver.kept.add(file.stored_name)
            tasks.enqueue(tasks.ingest_import, import_.pk)
            headers = location(request, "import", campaign.slug, import_.pk)
            return Response(shown(request, import_), status=202, headers=headers)

        digest = idempotency.digest_of({"file": file.sha256, "name": file_name, "map": column_map})
        return idempotency.idempotent(request, user=user, digest=digest, make=make)


class ImportDetail(View):
    scopes = {"GET": [Scope.IMPORT]}

    @extend_schema(
        operation_id="get_import",
        parameters=[
            OpenApiParameter(
                "errors_after",
                {"type": "integer", "minimum": 0, "maximum": LINE_LIMIT},
                description="Return refused lines after this line number.",
            )
        ],
        responses=ImportDetailSerializer,
    )
    def get(self, request: Request, slug: str, import_id: int) -> Response:
        """Get the state, the counts, and the refused lines with their reasons."""
        campaign = campaign_for_manager(user_of(request), slug)
        import_ = import_of(campaign, import_id)
        return Response(shown(request, import_, whole_number(request, "errors_after", low=0, high=LINE_LIMIT) or 0))


class ImportCancel(View):
    scopes = {"POST": [Scope.IMPORT]}

    @extend_schema(operation_id="cancel_import", request=None, responses={200: ImportDetailSerializer})
    def post(self, request: Request, slug: str, import_id: int) -> Response:
        """Stop an import. Pairs that were added stay. Cancelling again changes nothing; if the import has ended, the response is
        409."""
        user = user_of(request)
        import_ = import_of(campaign_for_manager(user, slug), import_id)
        valid_body(NoBody, request)
        cancelled = cancel_import(import_=import_, by=user)
        tasks.enqueue(tasks.clear_import, import_.pk)
        return Response(shown(request, cancelled))


class ImportUndo(View):
    scopes = {"POST": [Scope.IMPORT]}

    @extend_schema(operation_id="undo_import", request=None, responses={200: ImportDetailSerializer})
    def post(self, request: Request, slug: str, import_id: int) -> Response:
        """Remove the pairs that an import made. Undoing again changes nothing; if a pair has votes, the response is 409."""
        user = user_of(request)
        import_ = import_of(campaign_for_manager(user, slug), import_id)
        valid_body(NoBody, request)
        undone = undo_import(import_=import_, by=user)
        tasks.enqueue(tasks.clear_import, import_.pk)
        return Response(shown(request, undone))


def import_of(campaign: Campaign, import_id: int) -> Import:
    """Raises NotFound."""
    import_ = campaign.imports.filter(pk=import_id).first()
    if import_ is None:
        raise NotFound("This import does not exist.")
    return import_


def shown(request: Request, import_: Import, errors_after: int = 0) -> dict[str, Any]:
    """The import as JSON, with up to LINE_ERRORS_SHOWN refused lines after a line number."""
    refused = list(import_.line_errors.filter(number__gt=errors_after).order_by("number")[: LINE_ERRORS_SHOWN + 1])
    more = None
    if len(refused) > LINE_ERRORS_SHOWN:
        refused.pop()
        address = reverse("api:import", args=[import_.campaign.slug, import_.pk])
        more = request.build_absolute_uri(f"{address}?errors_after={refused[-1].number}")
    return ImportDetailSerializer(import_, context={"line_errors": refused, "line_errors_next": more}).data


def received_file(request: Request, receiver: UploadReceiver) -> tuple[StoredUpload, str]:
    """The file or body, stored, and its display name. Raises ValidationError, ParseError and TooLarge."""
    data: Any = request.data
    if request.content_type.startswith(MultiPartParser.media_type):
        unknown = {name: ["This field does not exist."] for name in {*data, *request.FILES} - {"file", "map"}}
        sent = request.FILES.getlist("file")
        if unknown or len(sent) != 1:
            raise ValidationError(unknown or {"file": ["Send one file."]})
        if not sent[0].size:
            raise ValidationError({"file": ["The file is empty."]})
        return sent[0], sent[0].name or "upload"
    if not hasattr(data, "read"):
        return receiver.receive(BytesIO(as_lines(data)), BODY_NAME), BODY_NAME
    file = receiver.receive(data, BODY_NAME)
    if file.size != int(request.META["CONTENT_LENGTH"]):  # part of an import is none
        raise ParseError("The body ended before its Content-Length.")
    return file, BODY_NAME


def as_lines(data: Any) -> bytes:
    """JSON as JSON lines, so that one reader serves both. Raises ValidationError if there is no line."""
    if not data or not isinstance(data, dict | list):
        raise ValidationError({"non_field_errors": ["Send an object or a list of objects."]})
    lines = [data] if isinstance(data, dict) else data
    return b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)


def column_map_of(request: Request) -> dict[str, str]:
    """`map` from the form or the query: our column to theirs, as a JSON object or as ours=theirs. Raises ValidationError."""
    given = request.query_params.getlist("map")
    if request.content_type.startswith(MultiPartParser.media_type):
        form: Any = request.data
        given += form.getlist("map")
    columns: dict[str, str] = {}
    for text in given:
        columns |= read_map(text)
    try:
        check_column_map(columns)
    except Invalid as error:
        raise ValidationError({"map": [error.detail]}) from error
    return columns


def read_map(text: str) -> dict[str, str]:
    wrong = ValidationError({"map": ['Use ours=theirs, or a JSON object like {"image_a": "image_quality_dev"}.']})
    if not text.lstrip().startswith("{"):
        ours, equals, theirs = text.partition("=")
        if not (ours and equals and theirs) or "\x00" in text:
            raise wrong
        return {ours: theirs}
    try:
        columns = read_json(text.encode())
    except ParseError as error:
        raise wrong from error
    if not all(isinstance(theirs, str) for theirs in columns.values()):
        raise wrong
    return columns
