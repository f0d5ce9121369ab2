"""`Idempotency-Key`: a repeated POST creates nothing new and gets the first response again."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from annotator.lib import idempotency
from annotator.lib.idempotency import Answer
from annotator.models import User
from annotator.models.idempotency import KEY_LIMIT

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEY_PATTERN = re.compile(rf"[\x21-\x7e]{{1,{KEY_LIMIT}}}")
PARAMETER = OpenApiParameter(
    HEADER,
    {"type": "string", "pattern": rf"^[!-~]{{1,{KEY_LIMIT}}}$"},
    OpenApiParameter.HEADER,
    description="A key that you choose for this request. Repeat a request with it within a day to get the first response.",
)


def idempotent(request: Request, *, user: User, digest: str, make: Callable[[], Response]) -> Response:
    """The response of `make`, or the stored response to an earlier request with the same key.

    The view checks access first, so that a user who lost access gets no stored response. `digest` is of the request's body.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return make()
    if not KEY_PATTERN.fullmatch(key):
        raise ValidationError({HEADER: [f"Use 1 to {KEY_LIMIT} ASCII letters, digits and symbols, without spaces."]})
    answer, is_replayed = idempotency.answer_once(
        user=user,
        route=f"{request.method} {request.path}"[:300],
        key=key,
        digest=digest,
        make=lambda: _kept(make()),
    )
    headers = answer.headers | ({REPLAYED: "true"} if is_replayed else {})
    return Response(answer.body, status=answer.status, headers=headers)


def _kept(response: Response) -> Answer:
    """The response as JSON values, exactly as they are sent."""
    headers = {name: response.headers[name] for name in ("Location",) if name in response.headers}
    body = json.loads(json.dumps(response.data, cls=JSONEncoder))
    return Answer(response.status_code, body, headers)


def digest_of(data: Any) -> str:
    """The digest of JSON values. The order of keys makes no difference."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
