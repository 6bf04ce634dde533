"""Circles and arrows that a technician drew on a photo: checked, and drawn on a copy."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from PIL import Image, ImageDraw

from msa_portal.errors import Refused

KINDS = ("circle", "arrow")
CORNERS = ("x1", "y1", "x2", "y2")
MOST_MARKS = 20
# A photo was scaled on the phone and encoded anew already; anything much larger was not.
_MOST_PIXELS = 40_000_000
_QUALITY = 85
# Yellow on a dark edge shows on a white panel and on a gray one, and in a black and white print.
_LINE, _EDGE = (255, 214, 0), (20, 20, 20)
_HEAD_ANGLE = math.radians(28)

type Point = tuple[float, float]


def check(marks: Any) -> list[dict[str, Any]]:
    """The marks as they are kept: a list of `{"kind", "x1", "y1", "x2", "y2"}`, in fractions of width and height.

    A circle fills the box between its two corners; an arrow points from the first to the second.
    Raises `Refused` for anything else, more than 20 of them included.
    """
    if not isinstance(marks, list) or len(marks) > MOST_MARKS:
        raise _refused(_("At most %(count)s marks can be drawn on a photo.") % {"count": MOST_MARKS})
    return [_checked(mark) for mark in marks]


def _checked(mark: Any) -> dict[str, Any]:
    if not isinstance(mark, Mapping) or set(mark) != {"kind", *CORNERS} or mark["kind"] not in KINDS:
        raise _refused(_("A mark is a circle or an arrow with two corners."))
    return {"kind": mark["kind"], **{corner: _fraction(mark[corner]) for corner in CORNERS}}


def _fraction(value: Any) -> float:
    """Rounded so that the same drawing is the same report, whatever the phone's arithmetic."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise _refused(_("A mark lies within its photo: its corners are numbers from 0 to 1."))
    return round(float(value), 4)


def _refused(message: str) -> Refused:
    return Refused(message, code="marks", fields={"photos": message})


def draw(jpeg: bytes, marks: Any) -> bytes:
    """A copy of the photo, without metadata, with the marks drawn on.

    Raises `Refused` for marks that do not pass `check`, and for what is no photo of a phone's size.
    """
    checked = check(marks)
    try:
        with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as photo:
            if photo.width * photo.height > _MOST_PIXELS:
                raise _refused(_("This photo is too large to be drawn on."))
            copy = photo.convert("RGB")
            copy.info.clear()
    except (OSError, Image.DecompressionBombError) as error:
        raise _refused(_("This photo cannot be opened.")) from error
    pen = ImageDraw.Draw(copy)
    width = max(4, min(copy.size) // 120)
    for color, thickness in ((_EDGE, width * 2), (_LINE, width)):
        for mark in checked:
            _draw_one(pen, mark, copy.size, color, thickness)
    out = io.BytesIO()
    copy.save(out, "JPEG", quality=_QUALITY, optimize=True)
    return out.getvalue()


def _draw_one(
    pen: ImageDraw.ImageDraw, mark: Mapping[str, Any], size: tuple[int, int], color: tuple[int, int, int], width: int
) -> None:
    across, down = size[0] - 1, size[1] - 1
    start, end = (mark["x1"] * across, mark["y1"] * down), (mark["x2"] * across, mark["y2"] * down)
    if mark["kind"] == "arrow":
        _arrow(pen, start, end, color, width, reach=min(size) / 18)
        return
    (left, right), (top, bottom) = sorted((start[0], end[0])), sorted((start[1], end[1]))
    # Pillow draws an outline inwards of its box; the box grows so that both outlines have one middle.
    box = (left - width / 2, top - width / 2, right + width / 2, bottom + width / 2)
    pen.ellipse(box, outline=color, width=width)


def _arrow(
    pen: ImageDraw.ImageDraw, start: Point, end: Point, color: tuple[int, int, int], width: int, *, reach: float
) -> None:
    pen.line([start, end], fill=color, width=width)
    back = math.atan2(start[1] - end[1], start[0] - end[0])
    for turn in (-_HEAD_ANGLE, _HEAD_ANGLE):
        tip = (end[0] + reach * math.cos(back + turn), end[1] + reach * math.sin(back + turn))
        pen.line([end, tip], fill=color, width=width)
    half = width / 2
    pen.ellipse((end[0] - half, end[1] - half, end[0] + half, end[1] + half), fill=color)
