"""What a HEIC photo says that decoding it would take, read from its boxes alone (ISO 23008-12)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from . import limits
from .answers import NotTaken

# Tiles overlap the edge of the picture: together they have somewhat more pixels than it.
_MAX_TILE_PIXELS = limits.MAX_PIXELS * 3 // 2
_MAX_DEPTH = 4  # of a picture made from pictures; a phone's has one level


@dataclass
class _Items:
    """By the id of an item: its pixels, and the items that it is put together from."""

    properties: list[int] = field(default_factory=list)  # pixels that each property claims, 0 for other properties
    pixels: dict[int, int] = field(default_factory=dict)
    parts: dict[int, list[int]] = field(default_factory=dict)
    count: int = 0


def check(data: bytes) -> None:
    """Raise `NotTaken` for more pixels, tiles or levels than a phone's photo has, before anything is decoded."""
    items = _Items()
    try:
        meta = next((body for kind, body in _boxes(memoryview(data)) if kind == b"meta"), None)
        if meta is None:
            raise NotTaken("not_a_photo")
        for kind, body in _boxes(meta[4:]):
            _read(items, kind, body)
    except (struct.error, IndexError) as error:
        raise NotTaken("not_a_photo") from error
    tiles = sum(len(parts) for parts in items.parts.values())
    if items.count > 2 * limits.MAX_TILES or tiles > limits.MAX_TILES:
        raise NotTaken("too_many_pixels")
    if any(pixels > limits.MAX_PIXELS for pixels in items.properties):
        raise NotTaken("too_many_pixels")
    if any(_decoded(items, item, 0) > _MAX_TILE_PIXELS for item in items.parts):
        raise NotTaken("too_many_pixels")


def _decoded(items: _Items, item: int, depth: int) -> int:
    """Pixels to decode for that item; a tile that is used twice counts twice."""
    if depth > _MAX_DEPTH:
        raise NotTaken("too_many_pixels")
    if item not in items.parts:
        return items.pixels.get(item, 0)
    return sum(_decoded(items, part, depth + 1) for part in items.parts[item])


def _boxes(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, at + 8)
            head = 16
        elif size == 0:
            size = len(data) - at
        if size < head or at + size > len(data):
            return
        yield kind, data[at + head : at + size]
        at += size


def _read(items: _Items, kind: bytes, body: memoryview) -> None:
    if kind == b"iinf":
        items.count = struct.unpack_from(">I" if body[0] else ">H", body, 4)[0]
    elif kind == b"iref":
        _read_references(items, body[4:], "I" if body[0] else "H")
    elif kind == b"iprp":
        for inner, content in _boxes(body):
            if inner == b"ipco":
                items.properties = [_claimed(name, value) for name, value in _boxes(content)]
        for inner, content in _boxes(body):
            if inner == b"ipma":
                _read_associations(items, content)


def _claimed(kind: bytes, body: memoryview) -> int:
    if kind != b"ispe":
        return 0
    width, height = struct.unpack_from(">II", body, 4)
    return int(width * height)


def _read_references(items: _Items, body: memoryview, wide: str) -> None:
    for kind, content in _boxes(body):
        if kind != b"dimg":
            continue
        item, count = struct.unpack_from(f">{wide}H", content, 0)
        start = struct.calcsize(f">{wide}H")
        items.parts.setdefault(item, []).extend(struct.unpack_from(f">{count}{wide}", content, start))


def _read_associations(items: _Items, body: memoryview) -> None:
    wide, long = ("I" if body[0] else "H"), body[3] & 1
    (entries,) = struct.unpack_from(">I", body, 4)
    at = 8
    for _entry in range(entries):
        item, count = struct.unpack_from(f">{wide}B", body, at)
        at += struct.calcsize(f">{wide}B")
        for index in struct.unpack_from(f">{count}{'H' if long else 'B'}", body, at):
            place = index & (0x7FFF if long else 0x7F)
            if 0 < place <= len(items.properties):
                items.pixels[item] = max(items.pixels.get(item, 0), items.properties[place - 1])
        at += count * (2 if long else 1)
