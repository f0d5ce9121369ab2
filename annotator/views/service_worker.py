"""The service worker of the annotation pages, at an address above theirs: its scope ends where its address does."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlencode

from csp.decorators import csp_update
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from annotator.lib.public_ids import USERS
from annotator.models import User

SOURCE = "js/service_worker.js"


@require_safe
@login_not_required
# A worker fetches by its own policy, and an image may be a redirect to the bucket.
@csp_update({"connect-src": settings.IMAGE_ORIGINS})
def service_worker(request: HttpRequest) -> HttpResponse:
    """The script. Browsers ask for it again with each page, and keep nothing of it for longer."""
    script = read_script()
    etag = f'"{sha256(script.encode()).hexdigest()[:16]}"'
    response = get_conditional_response(request, etag=etag) or HttpResponse(script, content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    response["ETag"] = etag
    response["Service-Worker-Allowed"] = reverse("campaigns") + "c/"
    return response


def read_script() -> str:
    return (_read_from_disk.__wrapped__ if settings.DEBUG else _read_from_disk)()


@cache
def _read_from_disk() -> str:
    found = finders.find(SOURCE)
    assert isinstance(found, str)
    return Path(found).read_text()


def service_worker_for(user: User) -> str:
    """The address for this person and this version of the site: another person's, or another version's, is another worker, which
    forgets what this one kept."""
    version = getattr(staticfiles_storage, "manifest_hash", "") or "unversioned"
    return f"{reverse('service_worker')}?{urlencode({'person': USERS.show(user.pk), 'version': version})}"
