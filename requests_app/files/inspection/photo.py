"""A photo as a new JPEG, upright and without metadata; what its metadata said of it beside it."""

from __future__ import annotations

import io
import math
import warnings
from typing import Any

import pillow_heif
from PIL import Image, ImageOps

from . import heic, limits
from .answers import NotTaken, one_line

FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")
LONGEST_SIDE = 2400
_QUALITY = 85


def inspect(data: bytes) -> tuple[dict[str, Any], bytes]:
    pillow_heif.register_heif_opener()
    Image.MAX_IMAGE_PIXELS = limits.MAX_PIXELS
    if data[4:8] == b"ftyp":
        heic.check(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                return {"evidence": evidence(image)}, _encoded(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise NotTaken("too_many_pixels") from error
    except (OSError, ValueError, SyntaxError, EOFError, RuntimeError, TypeError, KeyError, IndexError) as error:
        raise NotTaken("not_a_photo") from error


def _encoded(image: Image.Image) -> bytes:
    """Sizes come from the header, so a flood of pixels is refused before any is decoded."""
    if image.width * image.height > limits.MAX_PIXELS:
        raise NotTaken("too_many_pixels")
    image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    upright = ImageOps.exif_transpose(image)
    # A new image holds pixels alone: comments and profiles would follow the old one into the file.
    clean = Image.new("RGB", upright.size, "white")
    rgba = upright.convert("RGBA")
    clean.paste(rgba, mask=rgba.getchannel("A"))
    out = io.BytesIO()
    clean.save(out, "JPEG", quality=_QUALITY, optimize=True)
    return out.getvalue()


def evidence(image: Image.Image) -> dict[str, Any]:
    """Where, when and with what the camera says it was taken (fault 36); what makes no sense is left out."""
    exif = image.getexif()
    details, position = _part(exif, 0x8769), _part(exif, 0x8825)
    said: dict[str, Any] = {
        "taken": one_line(details.get(0x9003) or exif.get(0x0132)),
        "time_zone": one_line(details.get(0x9011)),
        "camera": one_line(f"{one_line(exif.get(0x010F))} {one_line(exif.get(0x0110))}".strip()),
        "latitude": _degrees(position.get(2), position.get(1), "S", 90),
        "longitude": _degrees(position.get(4), position.get(3), "W", 180),
    }
    return {name: value for name, value in said.items() if value not in ("", None)}


def _part(exif: Image.Exif, tag: int) -> dict[int, Any]:
    try:
        return dict(exif.get_ifd(tag))
    except Exception:  # noqa: BLE001  (a broken directory breaks in any way; the photo still counts)
        return {}


def _degrees(parts: Any, reference: Any, negative: str, most: int) -> float | None:
    try:
        whole, minutes, seconds = (float(part) for part in parts)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    value = whole + minutes / 60 + seconds / 3600
    if not math.isfinite(value) or not 0 <= value <= most:
        return None
    return round(-value if one_line(reference).upper() == negative else value, 6)
