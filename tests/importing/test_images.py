from __future__ import annotations

import hashlib
import zlib

import numpy as np
import pytest
from django.core.files.storage import default_storage
from PIL import Image, ImageCms, ImageOps
from PIL.PngImagePlugin import PngInfo

from annotator.errors import Invalid
from annotator.importing.images import (
    DISPLAY_WIDTHS,
    MAX_BYTES,
    display_folder,
    display_name,
    full_name,
    hash_distance,
    ingest_image,
    is_stored,
    make_display,
    new_display_id,
    store_image,
)
from tests.importing.poison import png_with
from tests.pictures import decoded, encoded, picture

SECRET = b"SecretModel-9"
MARKS = (SECRET, b"Exif", b"ICC_PROFILE", b"iCCP", b"tEXt", b"iTXt", b"zTXt", b"xpacket", b"XMP ")


def exif_with(orientation: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = SECRET.decode()
    return exif


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB")).astype(int)


def assert_bare(clean) -> None:
    for data in (clean.data, *clean.displays.values()):
        assert not [mark for mark in MARKS if mark in data]


def full_of_text() -> PngInfo:
    info = PngInfo()
    info.add_text("parameters", SECRET.decode() + ", 30 steps")
    info.add_itxt("prompt", SECRET.decode())
    info.add_text("workflow", SECRET.decode() * 200_000, zip=True)
    return info


# --- the clean copy


@pytest.mark.parametrize(
    ("format", "data"),
    [
        ("JPEG", encoded(picture(1), "JPEG", exif=exif_with(), comment=SECRET, progressive=True)),
        ("JPEG", encoded(picture(2, mode="L"), "JPEG", exif=exif_with(), comment=SECRET) + SECRET),
        ("PNG", encoded(picture(3), "PNG", exif=exif_with(), pnginfo=full_of_text()) + SECRET),
        ("PNG", encoded(picture(4).quantize(16), "PNG", pnginfo=full_of_text(), transparency=3)),
        ("WEBP", encoded(picture(5), "WEBP", exif=exif_with(), xmp=b"<xpacket>" + SECRET) + SECRET),
        ("WEBP", encoded(picture(6, mode="RGBA"), "WEBP", lossless=True, exif=exif_with())),
    ],
)
def test_it_drops_metadata_and_leaves_the_compressed_pixels_alone(format, data):
    clean = ingest_image(data)

    assert clean.format == format
    assert len(clean.data) < len(data)
    assert_bare(clean)
    kept, original = decoded(clean.data), decoded(data) if b"workflow" not in data else None
    assert kept.format == format
    if original is not None:
        assert kept.mode == original.mode
        assert (np.asarray(kept) == np.asarray(original)).all()


def test_a_file_without_metadata_is_kept_as_it_is():
    for format in ("JPEG", "PNG", "WEBP"):
        data = encoded(picture(), format)
        assert ingest_image(data).data == data


def test_the_hash_is_of_the_bytes_as_they_came():
    data = encoded(picture(), "JPEG", comment=SECRET)
    assert ingest_image(data).sha256 == hashlib.sha256(data).hexdigest()


def test_transparent_webp_keeps_its_transparency():
    image = picture(mode="RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    kept = decoded(ingest_image(encoded(image, "WEBP", quality=70, exif=exif_with())).data)
    assert kept.mode == "RGBA"
    assert kept.getchannel("A").getextrema() == image.getchannel("A").getextrema()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_it_turns_an_image_upright(format, orientation):
    data = encoded(picture(), format, exif=exif_with(orientation))
    upright = decoded(data) if format == "TIFF" else ImageOps.exif_transpose(decoded(data))

    clean = ingest_image(data)

    kept = decoded(clean.data)
    assert (clean.width, clean.height) == kept.size == upright.size == ((16, 24) if orientation > 4 else (24, 16))
    assert (pixels(kept) == pixels(upright)).all()
    assert ImageOps.exif_transpose(kept).size == kept.size
    assert np.abs(pixels(decoded(clean.displays[640])) - pixels(upright)).mean() < 12
    assert_bare(clean)


def test_a_foreign_colour_profile_is_converted_and_srgb_is_just_dropped():
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # The same profile with red and green exchanged: what it calls red is to be shown green.
    swapped = srgb.replace(b"rXYZ", b"_XYZ").replace(b"gXYZ", b"rXYZ").replace(b"_XYZ", b"gXYZ")
    red = Image.new("RGB", (8, 8), (230, 20, 20))

    plain = ingest_image(encoded(red, "JPEG", icc_profile=srgb, quality=95))
    converted = ingest_image(encoded(red, "JPEG", icc_profile=swapped, quality=95))

    assert plain.format == "JPEG"
    assert pixels(decoded(plain.data))[0, 0, 0] > 200
    assert converted.format == "PNG"
    assert pixels(decoded(converted.data))[0, 0, 1] > 200 > pixels(decoded(converted.data))[0, 0, 0]
    assert_bare(plain)
    assert_bare(converted)


def test_a_broken_colour_profile_or_exif_block_does_not_refuse_an_image():
    assert_bare(ingest_image(encoded(picture(), "JPEG", icc_profile=b"no profile " * 30)))
    assert_bare(ingest_image(encoded(picture(), "PNG", exif=b"Exif\0\0II*\0 this is no exif block")))


@pytest.mark.parametrize("format", ["GIF", "BMP", "TIFF", "AVIF"])
def test_other_formats_become_png(format):
    data = encoded(picture(), format)
    clean = ingest_image(data)
    assert clean.format == "PNG"
    assert (pixels(decoded(clean.data)) == pixels(decoded(data))).all()


def test_cmyk_becomes_rgb():
    for format in ("JPEG", "TIFF"):
        clean = ingest_image(encoded(picture(mode="CMYK"), format))
        assert decoded(clean.data).mode == "RGB"


def test_sixteen_bit_grey_becomes_eight_bit_with_all_its_shades():
    ramp = Image.fromarray(np.linspace(0, 65535, 64 * 16).reshape(16, 64).astype(np.uint16))
    clean = ingest_image(encoded(ramp, "PNG"))
    kept = np.asarray(decoded(clean.data))
    assert decoded(clean.data).mode == "L"
    assert len(np.unique(kept)) == 256
    assert 100 < pixels(decoded(clean.displays[640])).mean() < 155


def test_the_first_picture_of_a_stereo_jpeg_is_the_image():
    data = encoded(picture(1), "MPO", save_all=True, append_images=[picture(2)])
    clean = ingest_image(data)
    assert clean.format == "JPEG"
    assert (pixels(decoded(clean.data)) == pixels(decoded(data))).all()


# --- the derivatives


@pytest.mark.parametrize(
    ("size", "at_1280", "at_640"),
    [
        ((1, 1), (1, 1), (1, 1)),
        ((500, 300), (500, 300), (500, 300)),
        ((1000, 500), (1000, 500), (640, 320)),
        ((2560, 1000), (1280, 500), (640, 250)),
        ((1, 9000), (1, 5120), (1, 2560)),
        ((9000, 2), (1280, 1), (640, 1)),
        ((700, 7000), (512, 5120), (256, 2560)),
    ],
)
@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_derivatives_have_two_widths_and_are_never_larger_than_the_image(format, size, at_1280, at_640):
    clean = ingest_image(encoded(Image.new("RGB", size, (200, 30, 60)), format))

    displays = {width: clean.displays.get(width) or make_display(clean.data, format, width) for width in DISPLAY_WIDTHS}
    assert (clean.width, clean.height) == size
    assert decoded(displays[1280]).size == at_1280
    assert decoded(displays[640]).size == at_640
    for data in displays.values():
        assert decoded(data).format == "WEBP"
        assert np.abs(pixels(decoded(data)) - (200, 30, 60)).max() < 12


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA"])
def test_every_mode_is_shown(mode):
    image = picture().quantize(8) if mode.startswith("P") else picture(mode=mode)
    clean = ingest_image(encoded(image, "PNG"))
    assert (clean.data == encoded(image, "PNG")) or mode == "PA"
    for data in clean.displays.values():
        shown = decoded(data)
        assert shown.mode == "RGB"
        assert np.abs(pixels(shown) - pixels(image)).mean() < (40 if mode == "1" else 15)


@pytest.mark.parametrize("kind", ["alpha", "palette", "colour key"])
def test_transparency_is_shown_on_white(kind):
    image = Image.new("RGBA", (1300, 40), (0, 0, 0, 0))
    options: dict[str, object] = {}
    if kind == "palette":
        image, options = Image.new("RGB", image.size, (9, 8, 7)).quantize(2), {"transparency": 0}
    elif kind == "colour key":
        image, options = Image.new("RGB", image.size, (9, 8, 7)), {"transparency": (9, 8, 7)}

    clean = ingest_image(encoded(image, "PNG", **options))

    assert pixels(decoded(clean.displays[640])).min() > 250
    assert decoded(clean.data).has_transparency_data


# --- what is refused


def test_it_refuses_what_is_no_image():
    for data in (
        b"not an image",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.4",
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
    ):
        with pytest.raises(Invalid, match=r"not an image|cannot be decoded"):
            ingest_image(data)


def test_it_refuses_an_empty_and_an_oversized_file():
    with pytest.raises(Invalid, match="empty"):
        ingest_image(b"")
    with pytest.raises(Invalid, match="larger than 64 MB"):
        ingest_image(bytes(MAX_BYTES + 1))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_it_refuses_a_truncated_file(format, share):
    data = encoded(picture(size=(200, 150)), format)
    with pytest.raises(Invalid, match=r"cannot be decoded|not an image"):
        ingest_image(data[: int(len(data) * share)])


def test_it_refuses_damaged_pixels():
    data = bytearray(encoded(picture(size=(200, 150)), "PNG"))
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(Invalid, match="cannot be decoded"):
        ingest_image(bytes(data))


@pytest.mark.parametrize("size", [(8001, 8000), (60_000, 60_000), (2**31 - 1, 2**31 - 1)])
def test_it_refuses_a_decompression_bomb_before_it_unpacks_it(size):
    with pytest.raises(Invalid, match="64,000,000"):
        ingest_image(png_with((b"IDAT", zlib.compress(bytes(1000))), size=size))


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP", "TIFF", "AVIF"])
def test_it_refuses_an_animation(format):
    data = encoded(picture(1), format, save_all=True, append_images=[picture(90)])
    with pytest.raises(Invalid, match="animated"):
        ingest_image(data)


def test_it_refuses_32_bit_samples():
    image = Image.fromarray(np.linspace(0, 1, 64).reshape(8, 8).astype(np.float32))
    with pytest.raises(Invalid, match="32 bits"):
        ingest_image(encoded(image, "TIFF"))


@pytest.mark.parametrize(
    ("size", "made"), [((640, 640), {640, 1280}), ((1000, 1000), {640}), ((1600, 1200), {640}), ((2000, 1500), {640, 1280})]
)
def test_the_larger_copy_is_left_for_later_where_decoding_again_is_cheap(size, made):
    assert set(ingest_image(encoded(Image.new("RGB", size, (200, 30, 60)), "JPEG")).displays) == made


@pytest.mark.parametrize("at_import", [True, False])
def test_a_small_webp_is_its_own_copy_without_its_metadata(at_import):
    data = encoded(Image.new("RGB", (1000, 800), (200, 30, 60)), "WEBP", exif=exif_with())
    clean = ingest_image(data)

    shown = clean.displays[1280] if at_import else make_display(clean.data, "WEBP", 1280)

    assert shown == clean.data
    assert SECRET in data
    assert SECRET not in shown
    assert decoded(clean.displays[640]).size == (640, 512)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(lambda: encoded(Image.effect_noise((1000, 800), 90), "WEBP", quality=95), id="large"),
        pytest.param(lambda: encoded(Image.new("RGBA", (1000, 800), (9, 9, 9, 99)), "WEBP"), id="transparent"),
        pytest.param(lambda: encoded(Image.new("RGB", (1400, 800)), "WEBP"), id="wide"),
        pytest.param(lambda: encoded(Image.new("RGB", (1000, 800)), "JPEG"), id="another format"),
    ],
)
def test_any_other_image_is_shown_by_a_copy(data):
    clean = ingest_image(data())

    assert set(clean.displays) == {640}
    assert decoded(make_display(clean.data, clean.format, 1280)).format == "WEBP"
    assert make_display(clean.data, clean.format, 1280) != clean.data


# --- storage


def test_an_image_is_stored_under_names_that_only_its_content_decides():
    clean = ingest_image(encoded(picture(size=(900, 600)), "JPEG"))
    assert not is_stored(clean.sha256, clean.format)

    store_image(clean)
    store_image(clean)

    folder = f"images/{clean.sha256[:2]}/{clean.sha256}"
    assert default_storage.listdir(folder)[1] == ["full.jpg"]
    assert full_name(clean.sha256, "JPEG") == f"{folder}/full.jpg"
    assert is_stored(clean.sha256, clean.format)
    display_id = new_display_id(clean.sha256)
    assert sorted(default_storage.listdir(display_folder(display_id))[1]) == ["640.webp"]
    with default_storage.open(display_name(display_id, 640)) as file:
        assert file.read() == clean.displays[640]


def test_the_name_of_the_copies_says_nothing_of_the_file_without_the_secret_key(settings):
    sha256 = "a" * 64
    first = new_display_id(sha256)
    settings.SECRET_KEY = "another"

    assert new_display_id(sha256) != first
    assert new_display_id(sha256) == new_display_id(sha256)


# --- how an image looks


def look(image: Image.Image, format: str = "PNG", **options) -> int:
    return ingest_image(encoded(image, format, **options)).phash


def soft(seed: int, size: int = 200) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC)


def test_what_looks_the_same_has_nearly_the_same_hash_however_it_is_saved():
    image = soft(1)
    others = [look(image, "JPEG", quality=50), look(image, "WEBP", quality=60), look(soft(1, 300)), look(image.convert("RGBA"))]
    assert max(hash_distance(look(image), other) for other in others) <= 6


def test_what_looks_different_has_another_hash():
    hashes = [look(soft(seed)) for seed in range(8)]
    distances = [hash_distance(one, other) for place, one in enumerate(hashes) for other in hashes[:place]]
    assert min(distances) > 12


def test_the_hash_is_of_the_image_as_it_is_shown():
    upright = soft(3)
    turned = upright.transpose(Image.Transpose.ROTATE_90)
    assert hash_distance(look(turned, "JPEG", exif=exif_with(6), quality=95), look(upright)) <= 6
    assert hash_distance(look(turned), look(upright)) > 6


@pytest.mark.parametrize(
    ("one", "other", "distance"), [(0, 0, 0), (0, 1, 1), (-1, 0, 64), (-(2**63), 2**63 - 1, 64), (None, 0, None), (0, None, None)]
)
def test_the_distance_is_in_bits_of_64(one, other, distance):
    assert hash_distance(one, other) == distance


def test_an_image_of_one_colour_and_a_tiny_one_have_hashes_too():
    assert all(-(2**63) <= look(Image.new("RGB", size, "red")) < 2**63 for size in [(64, 64), (1, 1), (3, 200)])
