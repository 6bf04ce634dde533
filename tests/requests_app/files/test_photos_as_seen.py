"""A photo arrives as its sender sees it, in color and orientation, or is refused with what to do (issue 15, A5)."""

from __future__ import annotations

import io
import struct
import zlib
from itertools import pairwise
from typing import Any

import pillow_heif
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageCms, ImageDraw

from msa_portal.errors import Refused
from requests_app.files import uploads

NEAR = 14  # of 255, which a JPEG may be off


def saved(image: Image.Image, fmt: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, fmt, **options)
    return out.getvalue()


def arrived(body: bytes) -> Image.Image:
    kept = uploads.reencode_photo(SimpleUploadedFile("photo", body))
    image = Image.open(io.BytesIO(kept))
    image.load()
    assert (image.format, image.mode) == ("JPEG", "RGB")
    assert "icc_profile" not in image.info
    return image


def is_near(image: Image.Image, place: tuple[int, int], color: tuple[int, int, int]) -> bool:
    seen: Any = image.getpixel(place)
    return all(abs(one - other) <= NEAR for one, other in zip(seen, color, strict=True))


def refusal(body: bytes) -> Refused:
    with pytest.raises(Refused) as refused:
        uploads.reencode_photo(SimpleUploadedFile("photo", body))
    return refused.value


def halves(mode: str = "RGB", size: tuple[int, int] = (80, 40), left: Any = "red", right: Any = "blue") -> Image.Image:
    image = Image.new(mode, size, left)
    image.paste(right, (size[0] // 2, 0, *size))
    return image


def png_of_rows(width: int, rows: list[bytes], *, depth: int, color_type: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, len(rows), depth, color_type, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize("level", [0x1000, 0x7000, 0xC000])
def test_gray_of_16_bits_is_as_dark_as_it_was(level):
    body = png_of_rows(40, [struct.pack(">40H", *[level] * 20, *[0xFFFF] * 20)] * 40, depth=16, color_type=0)
    image = arrived(body)
    assert is_near(image, (5, 20), (level >> 8,) * 3)
    assert is_near(image, (35, 20), (255, 255, 255))


def test_colors_of_16_bits_are_as_they_were():
    body = png_of_rows(40, [struct.pack(">3H", 0x2000, 0x8000, 0xE000) * 40] * 40, depth=16, color_type=2)
    assert is_near(arrived(body), (20, 20), (0x20, 0x80, 0xE0))


def test_gray_of_16_bits_with_transparency_is_as_it_was():
    body = png_of_rows(40, [struct.pack(">2H", 0x3000, 0xFFFF) * 40] * 40, depth=16, color_type=4)
    assert is_near(arrived(body), (20, 20), (0x30,) * 3)


@pytest.mark.parametrize("bits", [8, 10, 12])
def test_heic_of_every_depth_is_as_it_was(bits):
    pixels = b"".join(struct.pack("<3H", 0x2000, 0x8000, 0xE000) for _ in range(64 * 48))
    if bits == 8:
        heif = pillow_heif.from_pillow(Image.new("RGB", (64, 48), (0x20, 0x80, 0xE0)))
    else:
        heif = pillow_heif.from_bytes("RGB;16", (64, 48), pixels)
    before = pillow_heif.options.SAVE_HDR_TO_12_BIT
    pillow_heif.options.SAVE_HDR_TO_12_BIT = bits == 12
    out = io.BytesIO()
    try:
        heif.save(out, quality=95)
    finally:
        pillow_heif.options.SAVE_HDR_TO_12_BIT = before
    assert is_near(arrived(out.getvalue()), (30, 20), (0x20, 0x80, 0xE0))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_photo_stands_as_the_camera_was_held(fmt, orientation):
    """The corner that is red on the screen is red in what is kept."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    shown = Image.new("RGB", (90, 60), "white")
    shown.paste("red", (0, 0, 40, 25))
    undo = {
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_270],
    }
    stored = shown
    for step in undo.get(orientation, []):
        stored = stored.transpose(step)
    pillow_heif.register_heif_opener()
    image = arrived(saved(stored, fmt, exif=exif.tobytes(), quality=95))
    assert image.size == (90, 60)
    assert is_near(image, (10, 8), (255, 0, 0))
    assert is_near(image, (80, 50), (255, 255, 255))


def test_mpo_of_a_phone_is_its_first_picture():
    body = saved(halves(), "MPO", save_all=True, append_images=[Image.new("RGB", (80, 40), "green")])
    image = arrived(body)
    assert is_near(image, (10, 20), (255, 0, 0))
    assert is_near(image, (70, 20), (0, 0, 255))


def test_cmyk_is_as_a_screen_shows_it():
    image = arrived(saved(halves("CMYK", left=(0, 255, 255, 0), right=(0, 0, 0, 255)), "JPEG", quality=95))
    assert is_near(image, (10, 20), (255, 0, 0))
    assert is_near(image, (70, 20), (0, 0, 0))


def profile_of(primaries: str) -> bytes:
    """sRGB with red and green exchanged: a reader that leaves the profile aside shows the wrong color."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile(primaries)).tobytes())
    red, green = profile.index(b"rXYZ"), profile.index(b"gXYZ")
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(profile)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_colors_are_those_of_the_profile(fmt, mode):
    if fmt == "JPEG" and mode == "RGBA":
        mode = "RGB"
    pillow_heif.register_heif_opener()
    body = saved(Image.new(mode, (60, 60), (255, 0, 0)), fmt, icc_profile=profile_of("sRGB"), quality=95)
    red, green, _blue = arrived(body).getpixel((30, 30))
    assert green > 230
    assert red < 60


@pytest.mark.parametrize("profile", [b"", b"x", b"\0" * 200], ids=["none", "short", "nonsense"])
def test_profile_without_sense_costs_nothing(profile):
    assert is_near(arrived(saved(halves(), "PNG", icc_profile=profile)), (10, 20), (255, 0, 0))


@pytest.mark.parametrize("fmt", ["PNG", "WEBP"])
@pytest.mark.parametrize(("ink", "is_seen_on"), [("black", 255), ("white", 0x33)])
def test_text_on_a_transparent_picture_can_be_read(fmt, ink, is_seen_on):
    image = Image.new("RGBA", (200, 100), (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle((40, 40, 120, 60), fill=ink)
    kept = arrived(saved(image, fmt, lossless=True) if fmt == "WEBP" else saved(image, fmt))
    assert is_near(kept, (5, 5), (is_seen_on,) * 3)
    assert is_near(kept, (80, 50), Image.new("RGB", (1, 1), ink).getpixel((0, 0)))


def test_palette_with_a_transparent_color_and_lines_of_one_pixel_stay():
    image = Image.new("P", (3000, 3000), 1)
    image.putpalette([0, 0, 0, 255, 255, 255])
    drawing = ImageDraw.Draw(image)
    for place in range(0, 3000, 7):
        drawing.line((place, 0, place, 3000), fill=0)
    kept = arrived(saved(image, "PNG"))
    darkest_by_column = [min(kept.getpixel((x, y))[0] for y in (5, 900)) for x in range(kept.width)]
    gaps = [x for x, level in enumerate(darkest_by_column) if level < 230]
    assert max(after - before for before, after in pairwise(gaps)) < 8


def test_scan_in_black_and_white_keeps_its_thin_lines():
    image = Image.new("1", (3000, 4000), 1)
    for place in range(0, 4000, 40):
        ImageDraw.Draw(image).line((0, place, 3000, place), fill=0)
    kept = arrived(saved(image, "PNG"))
    column = [kept.getpixel((500, y))[0] for y in range(kept.height)]
    assert sum(before >= 240 > level for before, level in pairwise(column)) >= 95


def test_long_screenshot_of_a_bill_can_still_be_read():
    assert min(arrived(saved(Image.new("RGB", (1080, 9000), "white"), "PNG")).size) == 1000
    assert arrived(saved(Image.new("RGB", (4032, 3024), "white"), "JPEG")).size == (2400, 1800)
    assert arrived(saved(Image.new("RGB", (300, 200), "white"), "JPEG")).size == (300, 200)


@pytest.mark.parametrize("fmt", ["PNG", "WEBP", "HEIF"])
def test_file_of_several_pictures_is_refused_with_what_to_do(fmt):
    pillow_heif.register_heif_opener()
    body = saved(halves(), fmt, save_all=True, append_images=[Image.new("RGB", (80, 40), "green")])
    refused = refusal(body)
    assert refused.code == "several_pictures"
    assert "Send each picture as a file of its own" in str(refused)


@pytest.mark.parametrize("fmt", ["TIFF", "GIF", "BMP"])
def test_kind_that_is_not_taken_is_refused_with_those_that_are(fmt):
    assert "Send a JPEG, PNG, WebP or HEIC photo" in str(refusal(saved(halves(), fmt)))
