"""Files that are small and become large, made where a test needs one."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def dictionary_bomb(path: Path, *, value_bytes: int, rows: int, images_per_row: int = 2) -> Path:
    """A Parquet file whose footer tells of one value, which every row then has as all of its images."""
    value = pa.DictionaryArray.from_arrays(
        pa.array([0] * (rows * images_per_row), pa.int32()), pa.array([bytes(value_bytes)], pa.large_binary())
    )
    offsets = pa.array(range(0, rows * images_per_row + 1, images_per_row), pa.int32())
    table = pa.table({"prompt": ["a cat"] * rows, "images": pa.ListArray.from_arrays(offsets, value)})
    pq.write_table(table, path, compression="zstd", dictionary_pagesize_limit=2 * value_bytes)
    return path


def page_bomb(path: Path, *, value_bytes: int, rows: int) -> Path:
    """A Parquet file of plain pages that compress a thousandfold, which its footer says."""
    table = pa.table({"prompt": ["a cat"] * rows, "image_a": [bytes(value_bytes)] * rows, "image_b": ["b.png"] * rows})
    pq.write_table(table, path, compression="zstd", use_dictionary=False)
    return path


def with_lying_footer(path: Path, *, true: int, said: int) -> Path:
    """The same file, whose footer gives another size. Thrift writes numbers as zigzag varints."""
    data = path.read_bytes()
    (length,) = struct.unpack("<I", data[-8:-4])
    body, footer = data[: -8 - length], data[-8 - length : -8]
    old, new = _varint(true), _varint(said)
    assert old in footer
    footer = footer.replace(old, new)
    path.write_bytes(body + footer + struct.pack("<I", len(footer)) + b"PAR1")
    return path


def _varint(number: int) -> bytes:
    number *= 2
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def png_of_nothing(width: int, height: int, *, bits: int = 8, colour_type: int = 2, rows: int | None = None) -> bytes:
    """A black PNG: kilobytes for any number of pixels. With fewer `rows` than its height, it is cut off."""
    samples = {0: 1, 2: 3, 4: 2, 6: 4}[colour_type]
    row = b"\0" + bytes(width * samples * bits // 8)
    packer = zlib.compressobj()
    pixels = b"".join(packer.compress(row) for _ in range(height if rows is None else rows)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def png_with(*chunks: tuple[bytes, bytes], size: tuple[int, int] = (8, 8)) -> bytes:
    """A PNG written by hand: a header of that size, then the chunks."""
    head = struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in [(b"IHDR", head), *chunks, (b"IEND", b"")])


def _chunk(name: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + name + content + zlib.crc32(name + content).to_bytes(4, "big")


def zip_with_hidden_directory(path: Path, members: int, *, at_end: bool, said: int = 0) -> Path:
    """A ZIP whose last record says that the list of members is short, and whose zip64 record says how long it is.

    Python looks for that record right before its locator; others go where the locator points to, at the end of the file or not.
    With `said`, that record gives this many bytes for the list, whatever it has.
    """
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.jsonl", "{}")
        for number in range(members):
            archive.writestr(f"{number}.png", b"")
    data = path.read_bytes()
    end = data.rfind(b"PK\5\6")
    size, offset = struct.unpack("<II", data[end + 12 : end + 20])
    count = members + 1
    record = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count, said or size, offset)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, end if at_end else 0, 1)
    short = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 1, 1, 46, offset, 0)
    path.write_bytes(data[:end] + record + locator + short)
    return path
