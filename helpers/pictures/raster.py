"""A block of cells as a tiny PNG image, a pixel a cell: many times smaller than a shape for each.

It is written without compression, so that it is the same bytes on every machine: those of a compressor differ.
"""

import struct
import zlib

import numpy as np

BLOCK = 65_535  # bytes that one uncompressed block of a zlib stream holds at most


def png(colors):
    """The bytes of an image, a pixel a cell. colors: (rows, columns, 3), from 0 to 255.

    >>> png(np.zeros((2, 3, 3), np.uint8))[:8]
    b'\\x89PNG\\r\\n\\x1a\\n'
    """
    rows, columns, _ = colors.shape
    red, green, blue = np.moveaxis(colors.astype(np.uint32), -1, 0)
    palette, places = np.unique(red << 16 | green << 8 | blue, return_inverse=True)  # (different,), (rows, columns)
    few = len(palette) <= 256 and 3 * len(palette) + 12 < 2 * rows * columns  # is a palette shorter than the colors?
    pixels = places.astype(np.uint8).reshape(rows, columns) if few else colors.reshape(rows, 3 * columns)
    lines = np.concatenate([np.zeros((rows, 1), np.uint8), pixels], axis=1)  # each begins with 0: as it is
    parts = [chunk(b"IHDR", struct.pack(">IIBBBBB", columns, rows, 8, 3 if few else 2, 0, 0, 0))]
    if few:
        parts.append(chunk(b"PLTE", b"".join(int(color).to_bytes(3, "big") for color in palette)))
    return b"".join([b"\x89PNG\r\n\x1a\n", *parts, chunk(b"IDAT", stored(lines.tobytes())), chunk(b"IEND", b"")])


def chunk(kind, data):
    """A part of a PNG file: how long it is, its kind, what is in it, and a checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def stored(data):
    """A zlib stream that holds the data as they are (RFC 1950 and 1951)."""
    starts = range(0, len(data), BLOCK)
    blocks = [data[start : start + BLOCK] for start in starts]
    heads = [
        struct.pack("<BHH", start + BLOCK >= len(data), len(b), len(b) ^ 0xFFFF) for start, b in zip(starts, blocks)
    ]
    body = b"".join(head + block for head, block in zip(heads, blocks))
    return b"\x78\x01" + body + struct.pack(">I", zlib.adler32(data))
