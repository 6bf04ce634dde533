"""What a technician draws on a photo."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fieldwork.visits import annotations
from msa_portal.errors import Refused


def jpeg(size: tuple[int, int] = (400, 300), color: str = "white", **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, color).save(out, "JPEG", **options)
    return out.getvalue()


def mark(kind: str = "circle", x1: Any = 0.25, y1: Any = 0.25, x2: Any = 0.75, y2: Any = 0.75) -> dict[str, Any]:
    return {"kind": kind, "x1": x1, "y1": y1, "x2": x2, "y2": y2}


def drawn(marks: list[dict[str, Any]], **options: Any) -> Image.Image:
    return Image.open(io.BytesIO(annotations.draw(jpeg(**options), marks)))


def is_yellow(pixel: Any) -> bool:
    red, green, blue = pixel
    return red > 200 and green > 160 and blue < 110


def test_circle_is_drawn_on_its_box_and_leaves_the_middle():
    picture = drawn([mark()])

    assert picture.size == (400, 300)
    assert is_yellow(picture.getpixel((100, 150)))
    assert is_yellow(picture.getpixel((300, 150)))
    assert picture.getpixel((200, 150)) == (255, 255, 255)


def test_circle_drawn_backwards_is_the_same():
    assert annotations.draw(jpeg(), [mark(x1=0.75, y1=0.75, x2=0.25, y2=0.25)]) == annotations.draw(jpeg(), [mark()])


def test_arrow_goes_from_the_first_corner_to_the_second():
    picture = drawn([mark("arrow", 0, 0.5, 0.5, 0.5)])

    assert is_yellow(picture.getpixel((100, 150)))
    assert picture.getpixel((300, 150)) == (255, 255, 255)
    # The head spreads at its point alone.
    assert any(is_yellow(picture.getpixel((187, row))) for row in range(138, 147))
    assert not any(is_yellow(picture.getpixel((20, row))) for row in range(130, 145))


def test_drawing_leaves_the_photo_and_its_place_out():
    exif = Image.Exif()
    exif[0x010E] = "a place"
    original = jpeg(exif=exif.tobytes(), comment=b"a place too")
    before = bytes(original)

    copy = annotations.draw(original, [mark()])

    assert original == before
    assert not Image.open(io.BytesIO(copy)).getexif()
    assert b"a place" not in copy


def test_no_marks_give_a_copy():
    assert drawn([]).size == (400, 300)


@pytest.mark.parametrize(
    "marks",
    [
        None,
        {},
        "circle",
        [None],
        ["circle"],
        [{}],
        [mark("square")],
        [mark() | {"text": "<script>"}],
        [{key: value for key, value in mark().items() if key != "y2"}],
        [mark(x1=-0.001)],
        [mark(y2=1.001)],
        [mark(x1=float("nan"))],
        [mark(x1=float("inf"))],
        [mark(x1="0.5")],
        [mark(x1=True)],
        [mark(x1=None)],
        [mark(kind=["circle"])],
        [mark()] * 21,
    ],
)
def test_other_marks_are_refused(marks: Any):
    with pytest.raises(Refused) as refusal:
        annotations.check(marks)

    assert refusal.value.code == "marks"
    with pytest.raises(Refused):
        annotations.draw(jpeg(), marks)


def test_twenty_marks_pass():
    assert len(annotations.check([mark()] * 20)) == 20


@given(st.lists(st.tuples(st.sampled_from(annotations.KINDS), *[st.floats(0, 1)] * 4), max_size=20))
def test_any_marks_within_the_photo_are_drawn(marks: list[tuple[Any, ...]]):
    given_marks = [mark(*values) for values in marks]

    kept = annotations.check(given_marks)

    assert annotations.check(kept) == kept
    assert drawn(kept, size=(40, 30)).size == (40, 30)


@pytest.mark.parametrize("body", [b"", b"no photo", b"\xff\xd8\xff\xe0 cut off", b"<svg/>"])
def test_what_is_no_photo_is_refused(body: bytes):
    with pytest.raises(Refused, match="cannot be opened"):
        annotations.draw(body, [mark()])


def test_photo_larger_than_any_phone_makes_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(annotations, "_MOST_PIXELS", 400 * 300 - 1)
    with pytest.raises(Refused, match="too large"):
        annotations.draw(jpeg(), [mark()])
