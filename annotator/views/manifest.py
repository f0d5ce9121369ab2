"""The web app manifest: what a browser needs to install the site as an app of its own."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

ICON_SIZES = (192, 512)


@login_not_required
@require_safe
@cache_control(max_age=3600)
def manifest(request: HttpRequest) -> JsonResponse:
    home = reverse("campaigns")
    icons = [
        {"src": static(f"icons/{purpose}-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
        for purpose in ("any", "maskable")
        for size in ICON_SIZES
    ]
    content = {
        "id": home,
        "name": "Diptych",
        "short_name": "Diptych",
        "start_url": home,
        "scope": home,
        "display": "standalone",
        "background_color": "#e9e9e9",
        "theme_color": "#ffffff",
        "icons": [*icons, {"src": static("favicon.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": "any"}],
    }
    return JsonResponse(content, content_type="application/manifest+json")
