"""Images in: decoded fully, cleaned of everything but their pixels, and made ready for display.

The clean full-size copy keeps the file's own compressed pixels where a JPEG, PNG or WebP shows them as they are: then only
the metadata is dropped. Where orientation, a foreign colour profile, CMYK, 16-bit grey or another file format stands in
the way, the pixels are made upright 8-bit sRGB and kept as PNG, so nothing more is lost. Transparency is kept in the full
copy and laid on white for display. A moving picture is refused: a judgment of its first frame would say something else.

An import makes the smaller copy for display, which is all that a pair needs to be judged on; the larger one is made later
(`display_copies`), unless it costs next to nothing now.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from io import BytesIO
from uuid import UUID

import numpy as np
from django.conf import settings
from django.core.files.storage import default_storage
from imagehash import phash
from PIL import Image, ImageChops, ImageCms, ImageFile

from annotator.errors import Invalid
from annotator.importing.metadata_stripping import PNG_READING_CHUNKS, PNG_SIGNATURE, strip_jpeg, strip_png, strip_webp
from annotator.importing.png_decoder import decode_png
from annotator.lib.storage import put_file

DISPLAY_WIDTHS = (640, 1280)
MAX_BYTES = 64 * 1024 * 1024
MAX_PIXELS = 64_000_000
MAX_DECODED_BYTES = 4 * MAX_PIXELS  # of the file's own samples: 16 bits a channel leave room for fewer pixels
MAX_PROFILE_BYTES = 4 * 1024 * 1024
# A display is never taller than this many times its nominal width: WebP ends at 16,383 pixels, and so does sense.
TALLEST_DISPLAY = 4
# By milliseconds for a kilobyte less, at equal SSIM (benchmarks/import_images.py): method 2 beside 0 costs about one, method 4
# beside 2 over ten. Somebody waits for the smaller copy, so it is made in the quickest way.
DISPLAY_QUALITY = {640: {"quality": 80, "method": 0}, 1280: {"quality": 80, "method": 2}}
# Of an image with more pixels all copies are made at once: decoding it again costs more than encoding them.
LATER_PIXELS = 2_000_000
# A WebP that fits is its own copy, if it has no more bytes for a pixel than about twice those that the encoder would give it.
# Other formats never are: the response would tell an annotator which of two images came as what.
ORIGINAL_BYTES_PER_PIXEL = 0.2
KEPT_PNG = {"compress_level": 1}
ROWS_PIXELS = 1_000_000  # of a 16-bit image that are looked at together
HASHED_SIDE = 128  # pixels; a perceptual hash looks at 32

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
EXTENSIONS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}
DAMAGED = "The image cannot be decoded. It is damaged or incomplete."
ORIENTATION_TAG = 0x0112
UPRIGHT = {  # EXIF orientation to what undoes it
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SAMPLE_BITS = re.compile(r";(16|32)")
STRIPPERS: dict[str, Callable[[bytes], bytes | None]] = {
    "JPEG": strip_jpeg,
    "MPO": strip_jpeg,  # a JPEG with more JPEGs (a depth map, a second eye) behind it; the first is the picture
    "PNG": partial(strip_png, is_checked=True),  # what is stripped was read by it before
    "WEBP": strip_webp,
}
OUT_OF_MEMORY = "out of memory"  # as Pillow words it in an OSError, of a decoder that got none
# What decoders raise on hostile bytes. Spelled out, so that a task's time limit is not taken for a bad image. Want of memory is
# another matter: the child that decodes ends then.
DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    EOFError,
    RuntimeError,
    struct.error,
    zlib.error,
    ImageCms.PyCMSError,
    Image.DecompressionBombError,
)


@dataclass(frozen=True)
class CleanImage:
    """An image as Diptych keeps it. `sha256` is of the bytes as they came, the rest is of the clean full-size copy."""

    sha256: str
    format: str
    width: int
    height: int
    data: bytes
    displays: dict[int, bytes]  # nominal width to WebP: the smallest, or all of them
    phash: int  # how it looks, in 64 bits, as a signed number: alike for images that look alike


def image_folder(sha256: str) -> str:
    return f"images/{sha256[:2]}/{sha256}"


def full_name(sha256: str, format: str) -> str:
    """Where the clean full-size copy is in storage."""
    return f"{image_folder(sha256)}/full.{EXTENSIONS[format]}"


def display_folder(display_id: UUID) -> str:
    return f"displays/{display_id.hex[:2]}/{display_id.hex}"


def display_name(display_id: UUID, width: int) -> str:
    """Where the WebP derivative of one of DISPLAY_WIDTHS is in storage."""
    return f"{display_folder(display_id)}/{width}.webp"


def new_display_id(sha256: str) -> UUID:
    """The name under which an image's copies for display are stored. A browser may be sent to a bucket by it, so it says nothing
    of the file to who does not have SECRET_KEY."""
    return UUID(bytes=hmac.digest(settings.SECRET_KEY.encode(), f"display copies of {sha256}".encode(), "sha256")[:16])


def store_image(image: CleanImage) -> None:
    """Put an image's files into storage. The full copy goes last, so that where it is, all of them are."""
    display_id = new_display_id(image.sha256)
    for width, data in image.displays.items():
        put_file(display_name(display_id, width), data)
    put_file(full_name(image.sha256, image.format), image.data)


def is_stored(sha256: str, format: str) -> bool:
    return default_storage.exists(full_name(sha256, format))


def ingest_image(data: bytes, *, sha256: str = "") -> CleanImage:
    """Decode and clean one image file, whose `sha256` may be known. Raises Invalid with the reason, and MemoryError."""
    if not data:
        raise Invalid("The file is empty.")
    if len(data) > MAX_BYTES:
        raise Invalid(f"The image is larger than {MAX_BYTES // 2**20} MB.")
    with _decoding():
        return _clean(data, sha256 or hashlib.sha256(data).hexdigest())


def make_display(data: bytes, format: str, width: int) -> bytes:
    """One copy for display of a clean full-size copy. Raises Invalid with the reason, and MemoryError."""
    with _decoding():
        picture, size = _loaded(data, format)
        if _is_fit_to_show(picture, format, size, data):
            return data
        return _displays(picture, size, [width])[0][width]


@contextmanager
def _decoding() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on odd metadata, which is dropped, and on sizes, which are checked here
        try:
            yield
        except Image.DecompressionBombError as error:
            raise Invalid(f"The image has more than {MAX_PIXELS:,} pixels.") from error
        except Image.UnidentifiedImageError as error:
            raise Invalid("The file is not an image in a supported format (JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF).") from error
        except DECODER_ERRORS as error:
            if OUT_OF_MEMORY in str(error):
                raise MemoryError from error
            raise Invalid(DAMAGED) from error


def _clean(data: bytes, sha256: str) -> CleanImage:
    # Text chunks of a PNG are not even read: large ones would stop the decoder. Their sums are checked here alone.
    readable = strip_png(data, PNG_READING_CHUNKS) if data.startswith(PNG_SIGNATURE) else data
    if readable is None:
        raise Invalid(DAMAGED)
    source = Image.open(BytesIO(readable), formats=FORMATS)
    _check_size(source)
    _check_depth(source)
    # Without that chunk, Pillow would decode the whole image to look for it behind the pixels. With it, it stands before them.
    orientation = 1 if source.format == "PNG" and b"eXIf" not in readable else _orientation(source)
    if source.format != "MPO" and getattr(source, "is_animated", False):
        raise Invalid("The image is animated or has several frames. Only still images are supported.")
    kept_format = "JPEG" if source.format == "MPO" else str(source.format)
    profile = _foreign_profile(source)
    bare = None
    if profile is None and orientation == 1 and source.mode != "CMYK" and not source.mode.startswith("I"):
        bare = STRIPPERS.get(str(source.format), _no_stripper)(readable)
    if bare is not None:
        # What is checked and shown is decoded from the very bytes that are kept.
        del source  # its pixels as well, if it was decoded to be looked at: an image is held once, not twice
        picture, (width, height) = _loaded(bare, kept_format)
    else:
        picture = _upright_srgb(source, profile, orientation)
        del source
        width, height = picture.size
        kept_format, bare = "PNG", _encode(picture, "PNG", KEPT_PNG)
    size = (width, height)
    is_original_shown = _is_fit_to_show(picture, kept_format, size, bare)
    is_all_made = width * height > LATER_PIXELS or _display_size(size, min(DISPLAY_WIDTHS)) == size
    displays, smallest = _displays(picture, size, DISPLAY_WIDTHS if is_all_made else [min(DISPLAY_WIDTHS)])
    if is_original_shown:
        displays |= {each: bare for each in DISPLAY_WIDTHS if _display_size(size, each) == size}
    return CleanImage(
        sha256=sha256,
        format=kept_format,
        width=width,
        height=height,
        data=bare,
        displays=displays,
        phash=_perceptual_hash(smallest),
    )


def _loaded(data: bytes, format: str) -> tuple[Image.Image, tuple[int, int]]:
    """The pixels of a clean full-size copy, perhaps fewer than it has, and its size."""
    picture = Image.open(BytesIO(data), formats=(format,))
    size = picture.size
    if (quickly := decode_png(picture, data)) is not None:
        return quickly, size
    picture.draft(picture.mode, _display_size(size, max(DISPLAY_WIDTHS)))  # a large JPEG decodes smaller: faster
    picture.load()
    return picture, size


def _is_fit_to_show(picture: Image.Image, format: str, size: tuple[int, int], clean: bytes) -> bool:
    """Whether a clean full-size copy is fit for display as it is: a WebP, no larger than a copy would be, opaque, and of few
    enough bytes."""
    is_small = len(clean) <= ORIGINAL_BYTES_PER_PIXEL * size[0] * size[1] and _display_size(size, max(DISPLAY_WIDTHS)) == size
    return format == "WEBP" and is_small and not picture.has_transparency_data


def _no_stripper(data: bytes) -> None:
    return None


def _check_size(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise Invalid(f"The image has {image.width} × {image.height} pixels; the maximum is {MAX_PIXELS:,}.")


def _check_depth(image: ImageFile.ImageFile) -> None:
    """By what the decoder is told of the file's samples, such as RGB;16B."""
    deep = SAMPLE_BITS.search(str(image.tile))
    decoded = image.width * image.height * len(image.getbands()) * (int(deep[1]) // 8 if deep else 1)
    if decoded > MAX_DECODED_BYTES:
        raise Invalid(
            f"The image has {image.width} × {image.height} pixels in {deep[1] if deep else 8} bits a channel, which is "
            f"{decoded:,} bytes; the maximum is {MAX_DECODED_BYTES:,}. Save it with 8 bits per channel."
        )


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 (upright) to 8; 1 as well where the EXIF block makes no sense."""
    try:
        value = image.getexif().get(ORIENTATION_TAG, 1)
    except DECODER_ERRORS:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _foreign_profile(image: Image.Image) -> bytes | None:
    """The image's colour profile, where it fits the image and differs visibly from sRGB."""
    profile = image.info.get("icc_profile")
    if not isinstance(profile, bytes) or not 0 < len(profile) <= MAX_PROFILE_BYTES:
        return None
    space = _colour_space(profile)
    wanted = {"CMYK": "CMYK", "L": "GRAY", "LA": "GRAY", "1": "GRAY"}.get(image.mode, "RGB")
    return profile if space == wanted else None


@lru_cache(maxsize=8)
def _colour_space(profile: bytes) -> str:
    """RGB, GRAY or CMYK; "sRGB" for a profile that changes no colour by more than two steps, "" for a broken one."""
    try:
        parsed = ImageCms.ImageCmsProfile(BytesIO(profile))
        space = parsed.profile.xcolor_space.strip()
        if space == "RGB":
            probe = Image.new("RGB", (1, 1)).resize((729, 1))
            steps = range(0, 256, 31)
            probe.putdata([(r, g, b) for r in steps for g in steps for b in steps])
            if np.asarray(ImageChops.difference(probe, _to_srgb(probe, profile))).max() <= 2:
                return "sRGB"
    except DECODER_ERRORS:
        return ""
    return str(space)


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    converted = ImageCms.profileToProfile(
        image, ImageCms.ImageCmsProfile(BytesIO(profile)), ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    assert converted is not None  # only an in-place conversion returns nothing
    return converted


def _upright_srgb(image: Image.Image, profile: bytes | None, orientation: int) -> Image.Image:
    """The fully decoded image in 1, L, RGB or RGBA, upright, in sRGB, without any metadata.

    Of a large image each step costs a quarter of a gigabyte, so no step keeps what the one before it had.
    """
    if image.format == "TIFF":
        orientation = 1  # Pillow turns a TIFF upright itself
    image.load()
    _check_size(image)
    if image.mode.startswith("I;16"):
        image = _eight_bit(image)
    if image.mode in ("I", "F"):
        raise Invalid("The image has 32 bits per channel. Save it with 8 bits per channel.")
    alpha = None
    if image.has_transparency_data:
        alpha = image.getchannel("A") if image.mode in ("LA", "RGBA") else image.convert("RGBA").getchannel("A")
    if profile is not None:
        grey = _colour_space(profile) == "GRAY"
        plain = _to_srgb(image if image.mode == "CMYK" else image.convert("L" if grey else "RGB"), profile)
    else:
        plain = image if image.mode in ("1", "L", "RGB") and alpha is None else image.convert("RGB")
    del image
    if alpha is not None:
        plain.putalpha(alpha)
        del alpha
    bare = plain.transpose(UPRIGHT[orientation]) if orientation in UPRIGHT else plain.copy()
    bare.info = {}
    return bare


def _eight_bit(image: Image.Image) -> Image.Image:
    """16-bit grey as 8-bit grey, some rows at a time."""
    plain = Image.new("L", image.size)
    rows = max(1, ROWS_PIXELS // image.width)
    for top in range(0, image.height, rows):
        part = image.crop((0, top, image.width, min(top + rows, image.height)))
        plain.paste(Image.fromarray((np.asarray(part) >> 8).astype(np.uint8)), (0, top))
    return plain


def _displays(picture: Image.Image, full_size: tuple[int, int], widths: Sequence[int]) -> tuple[dict[int, bytes], Image.Image]:
    """The WebP derivatives, largest first, each made from the one before, and the smallest as a picture. Never larger than the
    image."""
    if picture.has_transparency_data:
        picture = picture if picture.mode == "RGBA" else picture.convert("RGBA")
    elif picture.mode not in ("L", "RGB"):
        picture = picture.convert("RGB")
    displays: dict[int, bytes] = {}
    last_size, encoded = None, b""
    for width in sorted(widths, reverse=True):
        size = _display_size(full_size, width)
        if picture.size != size:
            # Hamming filters as sharply as bicubic when shrinking, in half the time.
            picture = picture.resize(size, Image.Resampling.HAMMING, reducing_gap=2.0)
        if picture.mode == "RGBA":
            picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
        if size != last_size:
            picture.info = {}
            last_size, encoded = size, _encode(picture, "WEBP", DISPLAY_QUALITY[width])
        displays[width] = encoded
    return displays, picture


def _perceptual_hash(picture: Image.Image) -> int:
    """Of the picture as it is shown: the signs of its 64 slowest waves. Shrunk in two steps, of which the first is quick."""
    small = picture.convert("L").resize((HASHED_SIDE, HASHED_SIDE), Image.Resampling.BOX, reducing_gap=2.0)
    bits = phash(small).hash.ravel()
    return int.from_bytes(np.packbits(bits).tobytes(), "big", signed=True)


def hash_distance(phash: int | None, other: int | None) -> int | None:
    """In how many of 64 bits two perceptual hashes differ; None where one is not known."""
    return None if phash is None or other is None else ((phash ^ other) & 0xFFFF_FFFF_FFFF_FFFF).bit_count()


def _display_size(size: tuple[int, int], width: int) -> tuple[int, int]:
    scale = min(1.0, width / size[0], width * TALLEST_DISPLAY / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _encode(image: Image.Image, format: str, options: dict[str, int]) -> bytes:
    buffer = BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()
