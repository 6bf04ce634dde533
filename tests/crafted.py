"""Files as people and attackers send them."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import pillow_heif
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

_PAGE = {
    1: b"<< /Type /Catalog /Pages 2 0 R %s >>",
    2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] %s >>",
}


def upload(body: bytes, name: str = "photo.jpg", content_type: str = "image/jpeg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, body, content_type=content_type)


def image(fmt: str = "JPEG", *, size: tuple[int, int] = (60, 40), **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, fmt, **options)
    return out.getvalue()


def photo_with_position() -> bytes:
    """As a phone sends it: turned by a quarter, with position, time and camera."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x0110] = 6, "Pear", "Phone 9"
    exif.get_ifd(0x8769)[0x9003] = "2026:11:20 09:30:00"
    position = exif.get_ifd(0x8825)
    position[1], position[2] = "N", (34.0, 8.0, 52.2)
    position[3], position[4] = "W", (118.0, 0.0, 7.2)
    return image(exif=exif, comment=b"SecretComment")


def pdf(
    catalog: bytes = b"", page: bytes = b"", more: Mapping[int, bytes] | None = None, trailer: bytes = b""
) -> bytes:
    """A PDF of one page with a classic table of cross-references; `more` are further objects."""
    objects = {1: _PAGE[1] % catalog, 2: _PAGE[2], 3: _PAGE[3] % page, **(more or {})}
    out, places = b"%PDF-1.7\n", {}
    for number, body in objects.items():
        places[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    last = max(objects)
    table = b"".join(
        b"%010d 00000 n \n" % places[number] if number in places else b"0000000000 65535 f \n"
        for number in range(1, last + 1)
    )
    return (
        out
        + b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n"
        % (
            last + 1,
            table,
            last + 1,
            trailer,
            len(out),
        )
    )


def stream(body: bytes, entries: bytes = b"") -> bytes:
    packed = zlib.compress(body, 9)
    return b"<< /Length %d /Filter /FlateDecode %s >>\nstream\n%s\nendstream" % (len(packed), entries, packed)


def pdf_with_object_stream(hidden: bytes, *, opens: bool = True) -> bytes:
    """The catalog leads, where it opens anything, to an object that lies in a compressed object stream, named by a compressed table."""
    inner = {1: _PAGE[1] % (b"/OpenAction 4 0 R" if opens else b""), 2: _PAGE[2], 3: _PAGE[3] % b"", 4: hidden}
    heads, bodies = [], b""
    for number, body in inner.items():
        heads.append(b"%d %d" % (number, len(bodies)))
        bodies += body + b" "
    head = b" ".join(heads) + b" "
    out = b"%PDF-1.7\n"
    at_objects = len(out)
    out += b"5 0 obj\n%s\nendobj\n" % stream(head + bodies, b"/Type /ObjStm /N 4 /First %d" % len(head))
    at_table = len(out)
    rows = struct.pack(">BHB", 0, 0, 255) + b"".join(struct.pack(">BHB", 2, 5, place) for place in range(4))
    rows += struct.pack(">BHB", 1, at_objects, 0) + struct.pack(">BHB", 1, at_table, 0)
    out += b"6 0 obj\n%s\nendobj\n" % stream(rows, b"/Type /XRef /Size 7 /W [1 2 1] /Root 1 0 R")
    return out + b"startxref\n%d\n%%%%EOF\n" % at_table


def png_header(width: int, height: int, data: bytes = b"") -> bytes:
    """A PNG that says it is that large; `data` is what its pixels inflate to."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def heic(size: tuple[int, int] = (64, 48)) -> bytes:
    """As an iPhone's camera sends it."""
    out = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", size, "red")).save(out)
    return out.getvalue()


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def heic_grid(tiles: list[int], *, tile: tuple[int, int] = (512, 512), whole: tuple[int, int] = (4032, 3024)) -> bytes:
    """A HEIC photo's boxes without pixels: item 1 is put together from these items, each of that size."""
    sizes = _box(b"ispe", bytes(4), struct.pack(">II", *whole)) + _box(b"ispe", bytes(4), struct.pack(">II", *tile))
    known = sorted(set(tiles))
    belongs = struct.pack(">I", 1 + len(known)) + struct.pack(">HBB", 1, 1, 1)
    belongs += b"".join(struct.pack(">HBB", item, 1, 2) for item in known)
    entries = [
        _box(b"infe", bytes([2, 0, 0, 0]), struct.pack(">HH4s", item, 0, kind), b"\0")
        for item, kind in [(1, b"grid"), *((item, b"hvc1") for item in known)]
    ]
    parts = _box(b"dimg", struct.pack(">HH", 1, len(tiles)), b"".join(struct.pack(">H", item) for item in tiles))
    meta = _box(
        b"meta",
        bytes(4),
        _box(b"hdlr", bytes(8), b"pict", bytes(13)),
        _box(b"pitm", bytes(4), struct.pack(">H", 1)),
        _box(b"iinf", bytes(4), struct.pack(">H", len(entries)), *entries),
        _box(b"iref", bytes(4), parts),
        _box(b"iprp", _box(b"ipco", sizes), _box(b"ipma", bytes(4), belongs)),
    )
    return _box(b"ftyp", b"heic", bytes(4), b"mif1heic") + meta


def filtered(body: bytes, *, times: int, entries: bytes = b"") -> bytes:
    """A stream that was compressed that many times, as its chain of filters says."""
    for _time in range(times):
        body = zlib.compress(body, 9)
    names = b" ".join([b"/FlateDecode"] * times)
    return b"<< /Length %d /Filter [%s] %s >>\nstream\n%s\nendstream" % (len(body), names, entries, body)


def slow_pdf(megabytes: int = 13) -> bytes:
    """A PDF whose table names so many places that reading it takes longer than an inspector may."""
    rows = megabytes * 1_000_000 // 20
    head = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n"
    table = b"xref\n0 %d\n0000000000 65535 f \n%s" % (rows + 1, b"0000000009 00000 n \n" * rows)
    return head + table + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (rows + 1, len(head))


def pdf_of_tiny_objects(megabytes: int = 13) -> bytes:
    """Each is looked at, which takes longer than an inspector may."""
    thing = b"1 0 obj\n[]\n"
    return pdf() + thing * (megabytes * 1_000_000 // len(thing))
