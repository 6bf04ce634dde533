"""Photos are judged by content and encoded anew (faults 30 to 33, 36)."""

from __future__ import annotations

import io
import struct
import zlib

import pillow_heif
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from msa_portal.errors import Refused
from requests_app.files import uploads
from requests_app.files.inspection import answers, heic, photo
from tests import crafted


def upload(body: bytes, name: str = "photo.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, body, content_type="image/jpeg")


def encoded(fmt: str, *, size: tuple[int, int] = (60, 40), **options) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, fmt, **options)
    return out.getvalue()


def refusal(body: bytes) -> str:
    with pytest.raises(Refused) as refused:
        uploads.reencode_photo(upload(body))
    return refused.value.code


@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "WEBP"])
def test_photo_becomes_a_jpeg(fmt):
    with Image.open(io.BytesIO(uploads.reencode_photo(upload(encoded(fmt))))) as image:
        assert (image.format, image.size) == ("JPEG", (60, 40))


def test_photo_of_an_iphone_becomes_a_jpeg():
    out = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (64, 48), "red")).save(out)
    with Image.open(io.BytesIO(uploads.reencode_photo(upload(out.getvalue(), "IMG_1.HEIC")))) as image:
        assert (image.format, image.size) == ("JPEG", (64, 48))


def test_metadata_goes_and_the_photo_stands_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010F] = "SecretMaker"
    exif.get_ifd(0x8825)[1] = "N"
    body = uploads.reencode_photo(upload(encoded("JPEG", exif=exif, comment=b"SecretComment")))

    with Image.open(io.BytesIO(body)) as image:
        assert image.size == (40, 60)
        assert not image.getexif()
    assert b"Secret" not in body


def test_large_photo_is_scaled_down():
    with Image.open(io.BytesIO(uploads.reencode_photo(upload(encoded("JPEG", size=(4000, 2000)))))) as image:
        assert image.size == (2400, 1200)


@pytest.mark.parametrize(
    "body",
    [
        b"MZ\x90\x00" + b"\x00" * 500,
        b"<!doctype html><script>alert(1)</script>",
        b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>',
        b"%PDF-1.7 not a photo",
        encoded("GIF"),
        encoded("JPEG")[:200],
        encoded("TIFF"),
    ],
    ids=["exe", "html", "svg", "pdf", "gif", "cut off", "tiff"],
)
def test_what_is_not_a_photo_is_refused_whatever_its_name(body):
    assert refusal(body) == "not_a_photo"


def _png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [7_100, 10_000, 60_000])
def test_flood_of_pixels_is_refused_by_its_header(side):
    assert refusal(_png_header(side, side)) == "too_many_pixels"


@pytest.mark.parametrize(
    "body",
    [
        crafted.heic_grid([2], whole=(60_000, 60_000)),
        crafted.heic_grid([2], tile=(9_000, 9_000)),
        crafted.heic_grid(list(range(2, 1_100)), tile=(8, 8)),
        crafted.heic_grid([2] * 400),
        crafted.heic_grid([1]),
    ],
    ids=["claims a flood", "a flooding tile", "many tiles", "one tile many times", "made of itself"],
)
def test_heic_bomb_is_refused_before_anything_is_decoded(body, monkeypatch):
    monkeypatch.setattr(Image, "open", None)
    with pytest.raises(answers.NotTaken) as refused:
        photo.inspect(body)
    assert refused.value.answer == {"refused": "too_many_pixels"}


def test_grid_of_a_phones_largest_photo_is_not_refused_by_its_boxes():
    heic.check(crafted.heic_grid(list(range(2, 2 + 192)), whole=(8_064, 6_048)))


@pytest.mark.parametrize("cut", [20, 60, 100, 150])
def test_heic_with_broken_boxes_is_no_photo(cut):
    with pytest.raises(Refused):
        uploads.reencode_photo(upload(crafted.heic_grid([2, 3])[:cut]))


def test_empty_file_is_refused():
    assert refusal(b"") == "empty_file"


def test_file_over_the_limit_is_refused_with_the_limit(settings):
    settings.MAX_UPLOAD_BYTES = 2_000_000
    with pytest.raises(Refused, match="2 MB"):
        uploads.reencode_photo(upload(b"x" * 2_000_001))
