"""Images: to members of the campaign only, the same bytes for ever, and nothing told beside the picture."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from io import BytesIO

import pytest
from django.contrib.auth.models import Permission
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image as Picture
from PIL.PngImagePlugin import PngInfo

from annotator.accounts.api_tokens import create_token
from annotator.choices import MemberState
from annotator.importing.images import display_folder, full_name, ingest_image, store_image
from annotator.importing.ingest_batch import stored_image
from annotator.lib.storage import remove_folder
from annotator.models import Image, Member
from tests.factories import GeneratorFactory, ImageFactory, MemberFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def image() -> Image:
    """A real picture, with its generator's name where generators write it, cleaned and stored."""
    notes = PngInfo()
    notes.add_text("parameters", "Painter XL, seed 7")
    file = BytesIO()
    Picture.new("RGB", (900, 600), "teal").save(file, "PNG", pnginfo=notes)
    clean = ingest_image(file.getvalue())
    store_image(clean)
    image = ImageFactory(**stored_image(clean)._asdict())
    image.generator = GeneratorFactory(campaign=image.prompt.campaign, name="Painter XL")
    image.save()
    return image


@pytest.fixture
def member(image: Image) -> Member:
    return MemberFactory(campaign=image.prompt.campaign)


@pytest.fixture
def browser(client: Client, member: Member) -> Client:
    client.force_login(member.user)
    return client


def address(image: Image, width: int | None = 640) -> str:
    return reverse("image", args=[image.public_id, width] if width else [image.public_id])


def body(response) -> bytes:
    return b"".join(response)


def without_token(response) -> str:
    return re.sub(r"\b\w{64}\b", "", response.content.decode())


def bearer(user, *scopes: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {create_token(user=user, scopes=list(scopes))[1]}"}


@pytest.mark.parametrize(("width", "format"), [(640, "WEBP"), (1280, "WEBP"), (None, "PNG")])
def test_a_member_gets_the_picture(browser, image, width, format):
    response = browser.get(address(image, width))

    data = body(response)
    picture = Picture.open(BytesIO(data))
    assert response.status_code == 200
    assert picture.format == format
    assert response.headers["Content-Type"] == f"image/{format.lower()}"
    assert response.headers["Content-Length"] == str(len(data))
    assert picture.width / picture.height == pytest.approx(1.5, abs=0.01)


@pytest.mark.parametrize("width", [640, 1280, None])
def test_neither_headers_nor_bytes_tell_the_generator_the_hash_or_a_file_name(browser, image, width):
    response = browser.get(address(image, width))

    told = f"{response.headers}{body(response)}"
    names = ("full.png", "640.webp", "filename", image.display_id.hex, str(image.display_id))
    for secret in ("Painter", image.sha256, image.sha256[:12], *names):
        assert secret not in told
    assert response.headers["Content-Disposition"] == "inline"


@pytest.mark.parametrize(("width", "format"), [(640, "webp"), (1280, "webp"), (None, "png")])
def test_behind_the_proxy_no_byte_of_it_comes_from_here(browser, image, settings, width, format):
    settings.SEND_FILES = "proxy"

    response = browser.get(address(image, width))

    named = response.headers["X-Accel-Redirect"].removeprefix("/stored/")
    assert response.content == b""
    assert default_storage.exists(named)
    assert response.headers["Content-Type"] == f"image/{format}"
    assert response.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert response.headers["ETag"] in browser.get(address(image, width)).headers["ETag"]


@pytest.fixture
def cdn(settings) -> None:
    settings.CDN_URL, settings.CDN_SECRET, settings.CDN_COOKIE_DOMAIN = "https://images.example.org", "k" * 32, "example.org"


@pytest.mark.parametrize("width", [640, 1280, None])
def test_browsers_are_sent_to_the_cdn_under_a_name_that_tells_nothing(browser, image, cdn, width):
    response = browser.get(address(image, width))

    assert (response.status_code, response.content) == (302, b"")
    name = response["Location"].removeprefix("https://images.example.org/")
    assert name.startswith(display_folder(image.display_id))
    assert default_storage.exists(name)
    told = f"{response.headers}{response.cookies}"
    for secret in ("Painter", image.sha256, str(image.public_id), browser.session["_auth_user_id"] + "."):
        assert secret not in told.replace(image.display_id.hex, "")
    # Asked for again while the cookie is good, and not by anybody else.
    assert response["Cache-Control"] == "private, max-age=1800"
    assert response.cookies["diptych_images"]["max-age"] == 3600


def test_programs_and_strangers_are_not_sent_to_the_cdn(browser, client, image, member, cdn):
    own = Client().get(address(image), headers=bearer(member.user, "annotate"))
    assert (own.status_code, own["Content-Type"], own.cookies) == (200, "image/webp", {})

    Member.objects.update(state=MemberState.SUSPENDED)
    refused = browser.get(address(image))
    assert (refused.status_code, "diptych_images" in refused.cookies) == (404, False)


def test_browsers_may_keep_it_for_ever_and_proxies_not_at_all(browser, image):
    response = browser.get(address(image))

    assert response.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_what_the_browser_has_is_not_sent_again(browser, image):
    etag = browser.get(address(image)).headers["ETag"]

    again = browser.get(address(image), headers={"If-None-Match": etag})
    other = browser.get(address(image, 1280), headers={"If-None-Match": etag})

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == etag
    assert other.status_code == 200


def test_not_even_304_for_somebody_who_may_not_see_it(browser, client, image):
    etag = browser.get(address(image)).headers["ETag"]
    client.force_login(UserFactory())

    assert client.get(address(image), headers={"If-None-Match": etag}).status_code == 404


def test_head_tells_the_length_alone(browser, image):
    response = browser.head(address(image))

    assert response.status_code == 200
    assert int(response.headers["Content-Length"]) > 0


def test_one_query_decides_on_access(browser, image, django_assert_num_queries):
    browser.get(address(image))

    with django_assert_num_queries(2):  # the user, the image
        browser.get(address(image))


def test_strangers_cannot_tell_an_image_from_none(client, image):
    for visitor in (None, UserFactory(), MemberFactory().user):
        client.logout()
        if visitor:
            client.force_login(visitor)
        answers = [client.get(url) for url in (address(image), reverse("image", args=[uuid.uuid4(), 640]))]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert without_token(answers[0]) == without_token(answers[1])


@pytest.mark.parametrize(
    ("state", "status"),
    [(MemberState.ACTIVE, 200), (MemberState.PAUSED, 200), (MemberState.SUSPENDED, 404), (MemberState.WITHDRAWN, 404)],
)
def test_whoever_is_out_of_the_campaign_is_out_of_its_images(browser, image, state, status):
    Member.objects.update(state=state)

    assert browser.get(address(image)).status_code == status


def test_a_superuser_sees_every_image(client, image):
    client.force_login(UserFactory(is_superuser=True))

    assert client.get(address(image)).status_code == 200


def test_staff_see_every_image_only_with_the_permission(client, image):
    staff = UserFactory(is_staff=True)
    client.force_login(staff)
    assert client.get(address(image)).status_code == 404

    staff.user_permissions.add(Permission.objects.get(codename="view_image"))
    assert client.get(address(image)).status_code == 200


@pytest.mark.parametrize(("scope", "status"), [("annotate", 200), ("export", 200), ("manage", 200), ("import", 404)])
def test_a_token_opens_what_its_user_may_see_within_its_scopes(client, image, member, scope, status):
    assert client.get(address(image), headers=bearer(member.user, scope)).status_code == status


def test_a_token_opens_nothing_for_strangers_or_when_it_is_over(client, image, member):
    token, key = create_token(user=member.user, scopes=["annotate"])
    token.expires_at = timezone.now() - timedelta(seconds=1)
    token.save()

    assert client.get(address(image), headers={"Authorization": f"Bearer {key}"}).status_code == 404
    assert client.get(address(image), headers=bearer(UserFactory(), "annotate")).status_code == 404
    assert client.get(address(image), headers={"Authorization": "Bearer nonsense"}).status_code == 404


@pytest.mark.parametrize("path", ["320/", "0/", "99999999999999999999/", "-1/", "640", "wide/"])
def test_only_the_widths_that_are_made_exist(browser, image, path):
    response = browser.get(f"/images/{image.public_id}/{path}", follow=path == "640")

    assert response.status_code == (200 if path == "640" else 404)


def test_an_address_that_is_no_uuid_is_404(browser):
    assert browser.get("/images/1/640/").status_code == 404


def test_bytes_that_were_taken_down_are_404(browser, image):
    default_storage.delete(full_name(image.sha256, image.format))
    remove_folder(display_folder(image.display_id))

    assert [browser.get(address(image, width)).status_code for width in (640, 1280, None)] == [404, 404, 404]


def test_it_takes_no_post(browser, image):
    assert browser.post(address(image)).status_code == 405


def test_an_unsafe_image_is_blurred_for_everyone_until_that_is_undone(browser, client, image, member, settings):
    settings.CDN_URL = "https://cdn.example"
    Image.objects.filter(pk=image.pk).update(is_unsafe=True)

    for query in ("", "?blurred", "?clear"):  # this one is an annotator
        response = browser.get(address(image) + query)
        blurred = Picture.open(BytesIO(response.content))
        assert (response.status_code, response["Cache-Control"], blurred.format) == (200, "private, no-cache", "WEBP")

    reviewer = MemberFactory(campaign=member.campaign, role="reviewer")
    client.force_login(reviewer.user)
    assert client.get(address(image)).status_code == 200
    assert client.get(address(image) + "?clear").status_code == 302  # to the CDN, as any image
    Image.objects.filter(pk=image.pk).update(is_unsafe=False)
    assert client.get(address(image)).status_code == 302
