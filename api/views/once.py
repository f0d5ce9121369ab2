"""`Idempotency-Key`: the same POST sent again makes nothing again and is answered as the first time."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import IO, Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from annotator.lib import idempotency
from annotator.lib.idempotency import Answer
from annotator.models.idempotency import KEY_LIMIT
from api.views.base import user_of

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEY_PATTERN = re.compile(rf"[\x21-\x7e]{{1,{KEY_LIMIT}}}")
BLOCK_SIZE = 1024 * 1024  # bytes
PARAMETER = OpenApiParameter(
    HEADER,
    {"type": "string", "pattern": rf"^[!-~]{{1,{KEY_LIMIT}}}$"},
    OpenApiParameter.HEADER,
    description="Chosen by you for this request. Sent again with the same key within a day, it is answered as the first time.",
)


def idempotent(request: Request, digest: str, make: Callable[[], Response]) -> Response:
    """The response of `make`, or the one that the same request got before with the same key.

    Access is for the view to check first, so that whoever lost it gets no old answer either. `digest` is of what was sent.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return make()
    if not KEY_PATTERN.fullmatch(key):
        raise ValidationError({HEADER: [f"Use 1 to {KEY_LIMIT} letters, digits and signs, without blanks."]})
    answer, is_replayed = idempotency.answer_once(
        user=user_of(request),
        route=f"{request.method} {request.path}"[:300],
        key=key,
        digest=digest,
        make=lambda: _kept(make()),
    )
    headers = answer.headers | ({REPLAYED: "true"} if is_replayed else {})
    return Response(answer.body, status=answer.status, headers=headers)


def _kept(response: Response) -> Answer:
    """As JSON values, just as they are sent."""
    headers = {name: response.headers[name] for name in ("Location",) if name in response.headers}
    body = json.loads(json.dumps(response.data, cls=JSONEncoder))
    return Answer(response.status_code, body, headers)


def digest_of(data: Any) -> str:
    """Of JSON values: the order of keys makes no difference."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def digest_of_file(file: IO[bytes], **about: Any) -> str:
    """Of a file, read from its beginning and set back there, and of what was said about it."""
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    file.seek(0)
    while block := file.read(BLOCK_SIZE):
        digest.update(block)
    file.seek(0)
    return digest.hexdigest()
