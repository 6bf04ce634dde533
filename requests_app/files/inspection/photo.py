"""A photo as a new JPEG, upright and without metadata; what its metadata said of it beside it."""

from __future__ import annotations

import io
import math
import warnings
from typing import Any

import pillow_heif
from PIL import Image, ImageCms, ImageOps, ImageStat

from . import heic, limits
from .answers import NotTaken, one_line

FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")
LONGEST_SIDE = 2400
LEAST_SHORT_SIDE = 1000  # of a strip more than twice as long as it is wide
_MOST_OF_A_STRIP = 10_000_000  # pixels
_CUT_OUT = 0.9 * 255  # a picture whose opacity is less on average
_LIGHT = 190  # brightness on average, which is hard to see on white
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
    # Of an MPO the first picture is the photo: beside it stand a gain map or the other eye's view.
    if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:
        raise NotTaken("several_pictures")
    profile, size = image.info.get("icc_profile"), _scaled(image.size)
    image.draft(None, size)
    small = _eight_bit(image)
    small.thumbnail(size)
    upright = ImageOps.exif_transpose(small)
    # A new image holds pixels alone: comments and profiles would follow the old one into the file.
    clean = Image.new("RGB", upright.size)
    clean.paste(_on_paper(upright, profile))
    out = io.BytesIO()
    clean.save(out, "JPEG", quality=_QUALITY, optimize=True)
    return out.getvalue()


def _scaled(size: tuple[int, int]) -> tuple[int, int]:
    """Small enough to keep. A strip, such as a bill's long screenshot, keeps a short side that can be read."""
    long, short = max(size), min(size)
    scale = max(LONGEST_SIDE / long, LEAST_SHORT_SIDE / short)
    scale = min(scale, math.sqrt(_MOST_OF_A_STRIP / (long * short)) if long > 2 * short else LONGEST_SIDE / long, 1)
    width, height = size
    return max(1, round(width * scale)), max(1, round(height * scale))


def _eight_bit(image: Image.Image) -> Image.Image:
    """In a mode that can be scaled without loss: colors of a palette can't be mixed, and 16 bits would be cut off."""
    if image.mode.startswith("I"):
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.has_transparency_data:
        return image if image.mode == "RGBA" else image.convert("RGBA")
    return image.convert({"1": "L", "P": "RGB"}[image.mode]) if image.mode in {"1", "P"} else image


def _on_paper(image: Image.Image, profile: bytes | None) -> Image.Image:
    """In the screen's colors, with what lies behind a transparent picture: white, or dark where the picture is light."""
    if "A" not in image.getbands():
        return _in_srgb(image, profile)
    alpha = image.getchannel("A")
    seen = _in_srgb(image.convert("RGB"), profile)
    is_cut_out = ImageStat.Stat(alpha).mean[0] < _CUT_OUT
    light = ImageStat.Stat(seen.convert("L"), mask=alpha.point(lambda value: 255 * (value > 127)))
    is_light = light.count[0] > 0 and light.mean[0] > _LIGHT
    paper = Image.new("RGB", image.size, "#333333" if is_cut_out and is_light else "white")
    paper.paste(seen, mask=alpha)
    return paper


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """As its color profile says it is seen; a profile that makes no sense counts for nothing."""
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            screen = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(image, source, screen, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            converted = None
        if converted is not None:
            return converted
    return image.convert("RGB")


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
