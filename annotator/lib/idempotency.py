"""POSTs that may be sent twice: the first with an idempotency key makes something, and the same again gets the same answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from annotator.errors import Conflict
from annotator.lib.encryption import DecryptionFailed, decrypt, encrypt
from annotator.models import IdempotentResponse, User

KEPT_FOR = timedelta(hours=24)
PURPOSE = "kept answer"


class KeyReused(Conflict):
    """The key was used for another request."""

    code = "idempotency_key_reused"


@dataclass(frozen=True)
class Answer:
    """What was answered: the body as JSON values."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


def answer_once(
    *, user: User, route: str, key: str, digest: str, make: Callable[[], Answer], now: datetime | None = None
) -> tuple[Answer, bool]:
    """The answer of `make`, which is called once for a user, a route and a key. Returns it and whether it was kept from before.

    Of two at once, the second waits for the first. When `make` raises, nothing is kept, and the key is as good as new. Raises
    KeyReused where the digest of what was sent is another than that of the first time.
    """
    now = now or timezone.now()
    with transaction.atomic():
        mine = IdempotentResponse.objects.filter(user=user, route=route, key=key)
        mine.filter(created_at__lte=now - KEPT_FOR).delete()
        kept, is_new = IdempotentResponse.objects.get_or_create(
            user=user, route=route, key=key, defaults={"digest": digest, "created_at": now}
        )
        if is_new:
            answer = make()
            kept.encrypted_answer = encrypt(json.dumps(asdict(answer)), purpose=PURPOSE)
            kept.save(update_fields=["encrypted_answer"])
            return answer, False
    if kept.digest != digest:
        raise KeyReused("This Idempotency-Key was already used for a different request. Use a new key.")
    try:
        return Answer(**json.loads(decrypt(kept.encrypted_answer, purpose=PURPOSE))), True
    except DecryptionFailed as error:
        raise Conflict(
            gettext("This was already created, but the response can no longer be read. Find it in the list."), code="answer_lost"
        ) from error


def forget_old(now: datetime | None = None) -> None:
    IdempotentResponse.objects.filter(created_at__lte=(now or timezone.now()) - KEPT_FOR).delete()
