"""A program of its own that opens one hostile file: `python -I inspection.py photo|pdf|seal < file`.

It holds no secret, imports nothing of ours, and caps its own memory and time before it reads a byte
(fault 32). It writes a line of JSON, and for a photo the new JPEG behind it. A refusal is
`{"refused": code, …}`; `uploads` has the words.
"""

from __future__ import annotations

import io
import json
import logging
import math
import re
import resource
import sys
import warnings
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image

MEMORY_BYTES = 1_200_000_000  # addresses, of which an iPhone's largest photo takes half
CPU_SECONDS = 20
PHOTO_FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")
MAX_PIXELS = 50_000_000  # a phone's largest photo; decoded, that is 150 MB
MAX_PAGES = 60
MAX_PAGE_PIXELS = 150_000_000  # a letter page scanned at 1,200 dpi
MAX_INFLATED_BYTES = 1_000_000_000  # sixty such pages in color at 300 dpi would be more
MAX_OBJECTS_BYTES = 50_000_000  # of one object stream, which holds text
LONGEST_SIDE = 2400
_QUALITY = 85
_A_LINE = 80


class NotTaken(Exception):
    """`code`, and details that the words may need."""

    def __init__(self, code: str, **details: Any) -> None:
        super().__init__(code)
        self.answer = {"refused": code} | details


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")
    logging.disable()
    try:
        answer, body = {"photo": photo, "pdf": pdf, "seal": seal}[sys.argv[1]](sys.stdin.buffer.read())
    except NotTaken as refusal:
        answer, body = refusal.answer, b""
    except (MemoryError, RecursionError):
        answer, body = {"refused": "too_heavy"}, b""
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + body)


# --- Photos -------------------------------------------------------------------------------


def photo(data: bytes) -> tuple[dict[str, Any], bytes]:
    """The photo as a new JPEG, upright and without metadata; what its metadata said of it beside it."""
    import pillow_heif
    from PIL import Image

    pillow_heif.register_heif_opener()
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        with Image.open(io.BytesIO(data), formats=PHOTO_FORMATS) as image:
            return {"evidence": evidence(image)}, _encoded(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise NotTaken("too_many_pixels") from error
    except (OSError, ValueError, SyntaxError, EOFError, RuntimeError, TypeError, KeyError, IndexError) as error:
        raise NotTaken("not_a_photo") from error


def _encoded(image: Image.Image) -> bytes:
    """Sizes come from the header, so a flood of pixels is refused before any is decoded."""
    from PIL import Image, ImageOps

    if image.width * image.height > MAX_PIXELS:
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
        "taken": _text(details.get(0x9003) or exif.get(0x0132)),
        "time_zone": _text(details.get(0x9011)),
        "camera": _text(f"{_text(exif.get(0x010F))} {_text(exif.get(0x0110))}".strip()),
        "latitude": _degrees(position.get(2), position.get(1), "S", 90),
        "longitude": _degrees(position.get(4), position.get(3), "W", 180),
    }
    return {name: value for name, value in said.items() if value not in ("", None)}


def _part(exif: Image.Exif, tag: int) -> dict[int, Any]:
    try:
        return dict(exif.get_ifd(tag))
    except Exception:  # noqa: BLE001  (a broken directory breaks in any way; the photo still counts)
        return {}


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        value = value.decode("ascii", "ignore")
    if not isinstance(value, str):
        return ""
    return "".join(letter for letter in value if letter.isprintable()).strip()[:_A_LINE]


def _degrees(parts: Any, reference: Any, negative: str, most: int) -> float | None:
    try:
        whole, minutes, seconds = (float(part) for part in parts)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    value = whole + minutes / 60 + seconds / 3600
    if not math.isfinite(value) or not 0 <= value <= most:
        return None
    return round(-value if _text(reference).upper() == negative else value, 6)


# --- PDF ----------------------------------------------------------------------------------

_KEYS = {
    "/JS": "javascript",
    "/JavaScript": "javascript",
    "/AA": "action",
    "/EmbeddedFiles": "embedded",
    "/EF": "embedded",
    "/AF": "embedded",
    "/XFA": "xfa",
    "/RichMediaContent": "media",
    "/RichMediaSettings": "media",
    "/Encrypt": "encrypted",
}
_NAMES = {
    "/JavaScript": "javascript",
    "/Launch": "action",
    "/ImportData": "action",
    "/SubmitForm": "action",
    "/GoToE": "action",
    "/GoToR": "action",
    "/Rendition": "media",
    "/Movie": "media",
    "/Sound": "media",
    "/RichMedia": "media",
    "/RichMediaExecute": "media",
    "/3D": "media",
    "/Screen": "media",
    "/EmbeddedFile": "embedded",
    "/FileAttachment": "embedded",
}
# Long enough that a compressed stream does not hold one by chance, and with one meaning only.
_AMBIGUOUS = {"/Screen", "/Movie", "/Sound"}
_RAW = {name: part for name, part in (_NAMES | _KEYS).items() if len(name) > 5 and name not in _AMBIGUOUS}
_NAME = re.compile(rb"/[^\x00\t\n\f\r ()<>\[\]{}/%]+")
_ESCAPE = re.compile(rb"#([0-9a-fA-F]{2})")
# What says which kind of thing an object is; a name elsewhere may be a font's or a layer's.
_SAYS_KIND = ("/S", "/Type", "/Subtype")


def pdf(data: bytes) -> tuple[dict[str, Any], bytes]:
    """How many pages it has. Refuses whatever acts, carries a file, or hides (fault 34)."""
    from pypdf import PdfReader
    from pypdf.errors import LimitReachedError, PyPdfError

    if not data.startswith(b"%PDF-"):
        raise NotTaken("not_a_pdf")
    _check_names(data)
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted:
            raise NotTaken("active_pdf", part="encrypted")
        return {"pages": _pages(reader)}, b""
    except LimitReachedError as error:
        raise NotTaken("too_heavy") from error
    except (PyPdfError, zlib.error, ValueError, TypeError, KeyError, IndexError, AttributeError, OSError) as error:
        raise NotTaken("not_a_pdf") from error


def _check_names(data: bytes) -> None:
    """In the bytes as they stand, whatever the cross-references say is in use."""
    for match in _NAME.finditer(data):
        name = _ESCAPE.sub(lambda code: bytes([int(code[1], 16)]), match[0]).decode("latin-1")
        if name in _RAW:
            raise NotTaken("active_pdf", part=_RAW[name])


def _pages(reader: Any) -> int:
    pages, budget = 0, MAX_INFLATED_BYTES
    for thing in _objects(reader):
        for part in _dictionaries(thing):
            _check_dictionary(part)
            pages += _value(part, "/Type") == "/Page"
            budget -= _inflated(part, budget)
        if pages > MAX_PAGES:
            raise NotTaken("too_many_pages")
    if not pages or not reader.pages:
        raise NotTaken("not_a_pdf")
    return pages


def _objects(reader: Any) -> Iterator[Any]:
    """Every object that the cross-references name, those inside object streams too, and the trailer."""
    from pypdf.generic import IndirectObject

    yield reader.trailer
    for generation, places in list(reader.xref.items()):
        for number in list(places):
            yield reader.get_object(IndirectObject(number, generation, reader))
    for number in list(reader.xref_objStm):
        yield reader.get_object(IndirectObject(number, 0, reader))


def _dictionaries(thing: Any) -> Iterator[Any]:
    """The dictionaries in it, references not followed: what they lead to is an object of its own."""
    waiting = [thing]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield part
            waiting.extend(dict.values(part))
        elif isinstance(part, list):
            waiting.extend(list.__iter__(part))


def _value(part: Any, key: str) -> Any:
    """What stands there, or what a reference there leads to."""
    return part[key] if key in part else None  # noqa: SIM401  (`get` leaves a reference as it is)


def _check_dictionary(part: Any) -> None:
    for key in part:
        if key in _KEYS:
            raise NotTaken("active_pdf", part=_KEYS[key])
    for key in _SAYS_KIND:
        kind = _value(part, key)
        if isinstance(kind, str) and kind in _NAMES:
            raise NotTaken("active_pdf", part=_NAMES[kind])
    if "/OpenAction" in part and not _only_goes_to_a_page(_value(part, "/OpenAction")):
        raise NotTaken("active_pdf", part="action")
    width, height = _value(part, "/Width"), _value(part, "/Height")
    if isinstance(width, int) and isinstance(height, int) and width * height > MAX_PAGE_PIXELS:
        raise NotTaken("too_heavy")


def _only_goes_to_a_page(action: Any) -> bool:
    """Where a document opens is a place in it, which many scanners write; anything else acts."""
    if isinstance(action, dict):
        return _value(action, "/S") == "/GoTo" and "/Next" not in action
    return isinstance(action, list)


def _inflated(part: Any, budget: int) -> int:
    """How much a stream holds once it is inflated; stops at the budget. Object streams show their names."""
    if "/Filter" not in part or not hasattr(part, "_data"):
        return 0
    filters = _value(part, "/Filter")
    first = filters[0] if isinstance(filters, list) and filters else filters
    if first not in ("/FlateDecode", "/Fl"):
        return 0
    holds_objects = _value(part, "/Type") == "/ObjStm"
    budget = min(budget, MAX_OBJECTS_BYTES) if holds_objects else budget
    inflater, waiting, size, shown = zlib.decompressobj(), part._data, 0, b""
    while waiting and not inflater.eof:
        try:
            piece = inflater.decompress(waiting, 1 << 20)
        except zlib.error:
            break
        size += len(piece)
        if size > budget:
            raise NotTaken("too_heavy")
        if holds_objects:
            shown += piece
        waiting = inflater.unconsumed_tail
    _check_names(shown)
    return size


# --- Seals --------------------------------------------------------------------------------


def seal(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Who certified the PDF, as what, and whether it is as that left it."""
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.general import SigningError
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.errors import SignatureValidationError
    from pyhanko.sign.validation.status import SignatureCoverageLevel
    from pyhanko_certvalidator import ValidationContext

    try:
        signatures = PdfFileReader(io.BytesIO(data)).embedded_signatures
        if not signatures:
            return {"certificate": ""}, b""
        first = signatures[0]
        status = validate_pdf_signature(first, ValidationContext(trust_roots=[first.signer_cert]))
        whole = status.coverage == SignatureCoverageLevel.ENTIRE_FILE
        return {
            "certificate": first.signer_cert.sha256.hex(),
            "reason": _text(first.sig_object.get("/Reason")),
            "unchanged": bool(status.bottom_line and whole),
        }, b""
    except (PdfError, SigningError, SignatureValidationError, ValueError, TypeError, KeyError) as error:
        raise NotTaken("not_a_pdf") from error
    except (IndexError, AttributeError, OSError, zlib.error, AssertionError) as error:
        raise NotTaken("not_a_pdf") from error


if __name__ == "__main__":
    main()
