"""The images of pairs, for members only. The response does not reveal the file, its hash or its generator."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from annotator.accounts.api_tokens import find_token
from annotator.choices import MemberState, Scope
from annotator.importing.images import DISPLAY_WIDTHS, display_name, full_name
from annotator.lib.file_responses import BLOCK_SIZE
from annotator.models import Image, User

# The bytes behind a URL never change, and no shared cache may keep them.
CACHE_CONTROL = "private, max-age=31536000, immutable"
SCOPES = {Scope.ANNOTATE, Scope.EXPORT, Scope.MANAGE}


class PictureResponse(FileResponse):
    block_size = BLOCK_SIZE


@require_safe
@login_not_required
def image(request: HttpRequest, public_id: UUID, width: int | None = None) -> HttpResponseBase:
    """The display copy of this width, or the clean full-size copy. 404 if the user may not see it, as if it did not exist."""
    found = image_for(caller(request), public_id)
    if found is None or (width is not None and width not in DISPLAY_WIDTHS):
        raise Http404
    etag = f'"{public_id.hex}-{width or "full"}"'
    response: HttpResponseBase = get_conditional_response(request, etag=etag) or send(found, width)
    response["Cache-Control"] = CACHE_CONTROL
    response["ETag"] = etag
    response["X-Content-Type-Options"] = "nosniff"
    return response


def send(found: Image, width: int | None) -> HttpResponseBase:
    """The bytes of the copy. Raises Http404 if a take-down removed them."""
    response: HttpResponseBase
    try:
        if width is None:
            file = default_storage.open(full_name(found.sha256, found.format))
            response = PictureResponse(file, content_type=f"image/{found.format.lower()}")
        else:
            with default_storage.open(display_name(found.sha256, width)) as file:
                response = HttpResponse(file.read(), content_type="image/webp")  # small, and faster than a stream
    except FileNotFoundError:
        raise Http404 from None
    response["Content-Disposition"] = "inline"  # without the name in storage, which contains the hash
    return response


def caller(request: HttpRequest) -> User | None:
    """The user, by token or by session."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        token = find_token(key.strip())
        return token.user if token and SCOPES.intersection(token.scopes) else None
    return request.user if request.user.is_authenticated else None


def image_for(user: User | None, public_id: UUID) -> Image | None:
    """The image, if the user is an active or paused member of its campaign, or may see all images."""
    if user is None:
        return None
    images = Image.objects.only("sha256", "format").filter(public_id=public_id)
    if not (user.is_superuser or (user.is_staff and user.has_perm("annotator.view_image"))):
        in_campaign = {"user": user, "state__in": [MemberState.ACTIVE, MemberState.PAUSED]}
        images = images.filter(**{f"prompt__campaign__members__{name}": value for name, value in in_campaign.items()})
    return images.first()
