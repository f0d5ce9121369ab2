"""Dropping the metadata of an image file without touching its pixels: the file's own compressed data in a bare container.

Pure functions from bytes to bytes. None means that the container is not understood; the caller then encodes the pixels anew.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_PIXEL_CHUNKS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
# What says how the pixels are to be read; needed to decode the file, not in the clean copy.
PNG_READING_CHUNKS = PNG_PIXEL_CHUNKS | {b"iCCP", b"eXIf", b"acTL", b"fcTL"}

JPEG_START, JPEG_SCAN, JPEG_END = 0xD8, 0xDA, 0xD9
JPEG_STANDALONE = {0x01, *range(0xD0, 0xD8)}
# Frame headers, Huffman and arithmetic tables, scans, quantisation, number of lines, restart interval.
JPEG_PIXEL_SEGMENTS = {*range(0xC0, 0xD0), JPEG_SCAN, 0xDB, 0xDC, 0xDD}
JPEG_JFIF, JPEG_ADOBE = 0xE0, 0xEE
JPEG_MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)  # with xff+ it takes twelve times as long
# Which colours the components are is said by these two; everything else in them is left out.
BARE_JFIF = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
ADOBE_LENGTH = 12

WEBP_ALPHA_FLAG = 0x10


def strip_png(data: bytes, keep: set[bytes] = PNG_PIXEL_CHUNKS, *, is_checked: bool = False) -> bytes | None:
    """The PNG with only the chunks in `keep`, its EXIF block before the pixels; the same object where it is so already. None when
    a chunk is cut off, or damaged, unless their sums were checked before."""
    if not data.startswith(PNG_SIGNATURE):
        return None
    out: list[bytes | memoryview] = [PNG_SIGNATURE]
    view = memoryview(data)
    pixels_at = 0
    is_bare = True
    at = len(PNG_SIGNATURE)
    while at + 12 <= len(data):
        length = int.from_bytes(view[at : at + 4], "big")
        name = bytes(view[at + 4 : at + 8])
        end = at + 12 + length
        if end > len(data):
            return None
        is_late = name == b"eXIf" and pixels_at > 0  # after the pixels, which Pillow decodes all to look at it
        is_bare = is_bare and name in keep and not is_late
        if name in keep:
            if not is_checked and zlib.crc32(view[at + 4 : end - 4]) != int.from_bytes(view[end - 4 : end], "big"):
                return None
            if name == b"IDAT" and not pixels_at:
                pixels_at = len(out)
            out.insert(pixels_at if is_late else len(out), view[at:end])
        if name == b"IEND":
            return data if is_bare and end == len(data) else b"".join(out)
        at = end
    return None


def strip_jpeg(data: bytes) -> bytes | None:
    """The JPEG's first image, with nothing but what its decoder needs. None when a segment is cut off or out of place."""
    if data[:2] != bytes((0xFF, JPEG_START)):
        return None
    has_jfif, adobe = False, b""
    body: list[bytes] = []
    at = 2
    while at + 4 <= len(data) or data[at : at + 2] == bytes((0xFF, JPEG_END)):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:  # fill
            at += 1
            continue
        if marker == JPEG_END:
            head = bytes((0xFF, JPEG_START)) + (BARE_JFIF if has_jfif else b"") + adobe
            return head + b"".join(body) + bytes((0xFF, JPEG_END))
        if marker in JPEG_STANDALONE:
            at += 2
            continue
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        end = at + 2 + length
        if length < 2 or end > len(data):
            return None
        content = data[at + 4 : end]
        if marker == JPEG_JFIF and content.startswith(b"JFIF\0"):
            has_jfif = True
        elif marker == JPEG_ADOBE and content.startswith(b"Adobe") and len(content) >= ADOBE_LENGTH:
            adobe = bytes((0xFF, JPEG_ADOBE)) + (ADOBE_LENGTH + 2).to_bytes(2, "big") + content[:ADOBE_LENGTH]
        elif marker in JPEG_PIXEL_SEGMENTS:
            if marker == JPEG_SCAN:
                found = JPEG_MARKER_IN_SCAN.search(data, end)
                if found is None:
                    return None
                end = found.start()
                while data[end - 1] == 0xFF:  # fill
                    end -= 1
            body.append(data[at:end])
        at = end
    return None


def strip_webp(data: bytes) -> bytes | None:
    """The still WebP with its pixels and transparency alone. None for an animation or a damaged file."""
    chunks = list(_webp_chunks(data))
    names = [name for name, _ in chunks]
    if names.count(b"VP8 ") + names.count(b"VP8L") != 1 or b"" in names or b"ANIM" in names:
        return None
    out = []
    for name, content in chunks:
        if name == b"VP8X" and b"ALPH" in names:
            out.append(_webp_chunk(b"VP8X", bytes((WEBP_ALPHA_FLAG, 0, 0, 0)) + content[4:10]))
        elif name in (b"ALPH", b"VP8 ", b"VP8L"):
            out.append(_webp_chunk(name, content))
    body = b"WEBP" + b"".join(out)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and content of each chunk; an empty name where the file is cut off."""
    at, end = 12, min(len(data), 8 + int.from_bytes(data[4:8], "little"))
    while at + 8 <= end:
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        if at + 8 + length > end:
            yield b"", b""
            return
        yield data[at : at + 4], data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _webp_chunk(name: bytes, content: bytes) -> bytes:
    return name + len(content).to_bytes(4, "little") + content + b"\0" * (len(content) % 2)
