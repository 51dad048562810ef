"""Pictures of any size in a few bytes: their headers are whole, what they show is not there."""

import struct
import zlib


def png(width: int, height: int) -> bytes:
    """As a bomb does it: the header is true, and a decoder reserves what it says."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    body = b"IDAT" + zlib.compress(b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(one) - 4) + one + struct.pack(">I", zlib.crc32(one)) for one in (header, body, b"IEND")
    )


def jpeg(width: int, height: int) -> bytes:
    """With a comment before the frame's header, as cameras write more than one."""
    comment = b"\xff\xfe" + struct.pack(">H", 6) + b"\xff\xc0!!"
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 17, 8, height, width, 3) + b"\1\x22\0\2\x11\1\3\x11\1"
    return b"\xff\xd8" + comment + frame + b"\xff\xd9"


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\0\0\0;"


def webp(width: int, height: int) -> bytes:
    """In the extended form, which has room for 16,777,216 pixels a side."""
    sides = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + sides
    return b"RIFF" + struct.pack("<I", len(body)) + body
