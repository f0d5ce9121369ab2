"""The images of pairs, for members only. The response does not reveal the file, its hash or its generator.

Where SEND_FILES says so, only the right to see it is decided here: the proxy sends the bytes by a name that it keeps to itself,
or the browser is sent to the bucket, to a name that says nothing, for a while. With CDN_URL, browsers are sent to a CDN
(`lib.cdn`).
"""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from annotator.accounts.api_tokens import find_token
from annotator.choices import MemberState, Role, Scope
from annotator.importing.blurred import blurred_copy
from annotator.importing.display_copies import display_file, full_file
from annotator.importing.images import DISPLAY_WIDTHS, full_name
from annotator.lib.cdn import REDIRECT_SECONDS, redirect_to_cdn
from annotator.lib.file_responses import BLOCK_SIZE, STORE_ADDRESS_SECONDS, hand_over
from annotator.models import Image, User

# The bytes behind a URL never change, and no shared cache may keep them.
CACHE_CONTROL = "private, max-age=31536000, immutable"
# The signed address is not kept for as long as it is good, so that who begins can end.
REDIRECT_CACHE_CONTROL = f"private, max-age={STORE_ADDRESS_SECONDS // 2}"
SCOPES = {Scope.ANNOTATE, Scope.EXPORT, Scope.MANAGE}


class PictureResponse(FileResponse):
    block_size = BLOCK_SIZE


@require_safe
@login_not_required
def image(request: HttpRequest, public_id: UUID, width: int | None = None) -> HttpResponseBase:
    """The display copy of this width, or the clean full-size copy. 404 if the user may not see it, as if it did not exist."""
    user = caller(request)
    found = image_for(user, public_id)
    if user is None or found is None or (width is not None and width not in DISPLAY_WIDTHS):
        raise Http404
    if found.is_unsafe and not ("clear" in request.GET and may_see_unsafe(user, public_id)):
        return send_blurred(found)
    if settings.CDN_URL and "Authorization" not in request.headers:  # programs keep no cookies
        return from_cdn(found, width, user)
    etag = f'"{public_id.hex}-{width or "full"}"'
    response: HttpResponseBase = get_conditional_response(request, etag=etag) or send(found, width)
    response["Cache-Control"] = REDIRECT_CACHE_CONTROL if response.status_code == 302 else CACHE_CONTROL
    response["ETag"] = etag
    response["X-Content-Type-Options"] = "nosniff"
    return response


def send_blurred(found: Image) -> HttpResponse:
    """In place of an image that a reviewer found unsafe: until that is undone, so no browser keeps it."""
    try:
        response = HttpResponse(blurred_copy(found), content_type="image/webp")
    except FileNotFoundError:
        raise Http404 from None
    response["Cache-Control"] = "private, no-cache"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Disposition"] = "inline"
    return response


def may_see_unsafe(user: User, public_id: UUID) -> bool:
    """Those who decide about it: the campaign's active reviewers and managers, and superusers."""
    judges = {"user": user, "state": MemberState.ACTIVE, "role__in": [Role.REVIEWER, Role.MANAGER]}
    in_campaign = {f"prompt__campaign__members__{name}": value for name, value in judges.items()}
    return user.is_superuser or Image.objects.filter(public_id=public_id, **in_campaign).exists()


def from_cdn(found: Image, width: int | None, user: User) -> HttpResponse:
    """Sends the browser to the copy under its opaque name. Raises Http404 if a take-down removed it."""
    try:
        name = full_file(found) if width is None else display_file(found, width)
    except FileNotFoundError:
        raise Http404 from None
    response = redirect_to_cdn(name, user_id=user.pk)
    response["Cache-Control"] = f"private, max-age={REDIRECT_SECONDS}"
    return response


def send(found: Image, width: int | None) -> HttpResponseBase:
    """The copy: its bytes, or who sends them. Raises Http404 if a take-down removed it."""
    response: HttpResponseBase
    content_type = f"image/{found.format.lower()}" if width is None else "image/webp"
    try:
        if settings.SEND_FILES == "store":
            name = full_file(found) if width is None else display_file(found, width)
            return hand_over(name, content_type=content_type, disposition="inline", cache_control=CACHE_CONTROL)
        name = full_name(found.sha256, found.format) if width is None else display_file(found, width)
        if settings.SEND_FILES == "proxy":
            response = hand_over(name, content_type=content_type, disposition="inline")
        elif width is None:
            response = PictureResponse(default_storage.open(name), content_type=content_type)
        else:
            with default_storage.open(name) as file:
                response = HttpResponse(file.read(), content_type=content_type)  # small, and faster than a stream
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
    columns = ("sha256", "format", "width", "height", "display_id", "displays_made", "is_unsafe")
    images = Image.objects.only(*columns).filter(public_id=public_id)
    if not (user.is_superuser or (user.is_staff and user.has_perm("annotator.view_image"))):
        in_campaign = {"user": user, "state__in": [MemberState.ACTIVE, MemberState.PAUSED]}
        images = images.filter(**{f"prompt__campaign__members__{name}": value for name, value in in_campaign.items()})
    return images.first()
