"""How much a PDF's stream becomes, through every filter of its chain."""

from __future__ import annotations

import zlib
from typing import Any

from pypdf.filters import ASCII85Decode, ASCIIHexDecode, LZWDecode

from .answers import NotTaken

_PIECE = 1 << 20
_FLATE = ("/FlateDecode", "/Fl")
_OTHERS: dict[str, Any] = {
    "/LZWDecode": LZWDecode.decode,
    "/LZW": LZWDecode.decode,
    "/ASCII85Decode": ASCII85Decode.decode,
    "/A85": ASCII85Decode.decode,
    "/ASCIIHexDecode": ASCIIHexDecode.decode,
    "/AHx": ASCIIHexDecode.decode,
}
_RUN_LENGTH = ("/RunLengthDecode", "/RL")


def decoded_bytes(data: bytes, filters: list[Any], budget: int) -> int:
    """What all steps of the chain give together, pictures undecoded. Raises `NotTaken` beyond the budget.

    Where a step is damaged, nothing comes after it.
    """
    total = 0
    for number, name in enumerate(filters):
        is_last = number + 1 == len(filters)
        if name in _FLATE:
            size, data = _inflate(data, budget - total, keep=not is_last)
        elif name in _RUN_LENGTH:
            data = _run_length(data, budget - total)
            size = len(data)
        elif name in _OTHERS:
            data = _as_bytes(_OTHERS[name](data))
            size = len(data)
        elif name == "/Crypt":
            raise NotTaken("active_pdf", part="encrypted")
        else:
            return total  # a picture's own compression, with its own limits
        total += size
        if total > budget:
            raise NotTaken("too_heavy")
    return total


def _inflate(data: bytes, budget: int, *, keep: bool) -> tuple[int, bytes]:
    inflater, waiting, size, pieces = zlib.decompressobj(), data, 0, []
    while waiting and not inflater.eof:
        try:
            piece = inflater.decompress(waiting, _PIECE)
        except zlib.error:
            break
        size += len(piece)
        if size > budget:
            raise NotTaken("too_heavy")
        if keep:
            pieces.append(piece)
        waiting = inflater.unconsumed_tail
    return size, b"".join(pieces)


def _run_length(data: bytes, budget: int) -> bytes:
    pieces, at, size = [], 0, 0
    while at < len(data) and (length := data[at]) != 128:
        if length < 128:
            piece = data[at + 1 : at + 2 + length]
            at += 2 + length
        else:
            piece = data[at + 1 : at + 2] * (257 - length)
            at += 2
        pieces.append(piece)
        size += len(piece)
        if size > budget:
            raise NotTaken("too_heavy")
    return b"".join(pieces)


def _as_bytes(text: str | bytes) -> bytes:
    return text.encode("latin-1", "replace") if isinstance(text, str) else text
