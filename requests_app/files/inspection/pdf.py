"""A PDF's pages, counted. Refuses whatever acts, carries or fetches a file, or hides (fault 34).

Every object is looked at by its structure: those that the cross-references name, those that stand in the file
without being named, and those inside object streams. A word in a text, or an empty list, is no object that acts.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator
from typing import Any

from pypdf import PdfReader
from pypdf.errors import LimitReachedError, PyPdfError
from pypdf.generic import IndirectObject, NameObject, NullObject, StreamObject, read_object

from . import limits
from .answers import NotTaken
from .pdf_filters import decoded_bytes

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
_OBJECT = re.compile(rb"(?<![0-9])[0-9]{1,10}[\x00\t\n\f\r ]+[0-9]{1,5}[\x00\t\n\f\r ]+obj(?![a-z])")
_SPACE = re.compile(rb"(?:[\x00\t\n\f\r ]+|%[^\n\r]*)*")
_TRAILER = re.compile(rb"trailer(?=[\x00\t\n\f\r ]*<<)")
# What says which kind of thing an object is; a name elsewhere may be a font's or a layer's.
_SAYS_KIND = ("/S", "/Type", "/Subtype")
# Where a dictionary names a file; for a stream, that its content lies in that file.
_FILE_NAMES = ("/F", "/UF", "/DOS", "/Mac", "/Unix")
_EXTERNAL_STREAM = ("/F", "/FFilter", "/FDecodeParms")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_WEB_SCHEMES = {"http", "https", "mailto", "tel"}
_DEPTH = 12
_BROKEN = (PyPdfError, zlib.error, ValueError, TypeError, KeyError, IndexError, AttributeError, OSError)


def inspect(data: bytes) -> tuple[dict[str, Any], bytes]:
    if not data.startswith(b"%PDF-"):
        raise NotTaken("not_a_pdf")
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted:
            raise NotTaken("active_pdf", part="encrypted")
        judge = _Judge(reader)
        for thing in _named_objects(reader):
            judge.look(thing, is_named=True)
        judge.look_without_table(data, _OBJECT)
        judge.look_without_table(data, _TRAILER)
        return {"pages": judge.pages()}, b""
    except LimitReachedError as error:
        raise NotTaken("too_heavy") from error
    except _BROKEN as error:
        _check_names(data)
        raise NotTaken("not_a_pdf") from error


def _named_objects(reader: Any) -> Iterator[Any]:
    """Every object that the cross-references name, those inside object streams too, and the trailer."""
    yield reader.trailer
    for generation, places in list(reader.xref.items()):
        for number in list(places):
            yield reader.get_object(IndirectObject(number, generation, reader))
    for number in list(reader.xref_objStm):
        yield reader.get_object(IndirectObject(number, 0, reader))


class _Judge:
    def __init__(self, reader: Any) -> None:
        self.reader = reader
        self.page_count = 0
        self.budget = limits.MAX_INFLATED_BYTES

    def pages(self) -> int:
        if not self.page_count or not self.reader.pages:
            raise NotTaken("not_a_pdf")
        return self.page_count

    def look(self, thing: Any, *, is_named: bool = False) -> None:
        """Pages are counted where the table names them."""
        for part in _dictionaries(thing):
            _check_dictionary(part)
            self.page_count += is_named and _value(part, "/Type") == "/Page"
            if self.page_count > limits.MAX_PAGES:
                raise NotTaken("too_many_pages")
            if isinstance(part, StreamObject):
                self._look_at_stream(part)

    def look_without_table(self, data: bytes, mark: re.Pattern[bytes]) -> None:
        """What stands in the bytes, whatever the cross-references say is in use."""
        for match, following in _with_next(mark.finditer(data)):
            self._look_at(data, match.end(), following.start() if following else len(data))

    def _look_at(self, data: bytes, start: int, end: int) -> None:
        """One object in the bytes; where it can't be read, no dangerous name may stand in it."""
        stream = io.BytesIO(data)  # shares the bytes
        stream.seek(_SPACE.match(data, start).end())  # type: ignore[union-attr]  # it matches nothing, too
        try:
            thing = read_object(stream, self.reader)
        except _BROKEN:
            _check_names(data[start:end])
            return
        self.look(thing)

    def _look_at_stream(self, part: StreamObject) -> None:
        for key in _EXTERNAL_STREAM:
            if key in part:
                raise NotTaken("active_pdf", part="external")
        filters = _value(part, "/Filter")
        chain = [_resolved(name) for name in (filters if isinstance(filters, list) else [filters])]
        holds_objects = _value(part, "/Type") == "/ObjStm"
        most = limits.MAX_OBJECTS_BYTES if holds_objects else limits.MAX_STREAM_BYTES
        self.budget -= decoded_bytes(part._data, chain, min(self.budget, most))
        if holds_objects:
            self._look_inside(part)

    def _look_inside(self, part: StreamObject) -> None:
        """The objects of an object stream, whether or not a table names them."""
        try:
            body = part.get_data()
            count, first = int(_value(part, "/N")), int(_value(part, "/First"))
            numbers = [int(number) for number in body[:first].split()[: 2 * count]]
        except _BROKEN:
            _check_names(part._data)
            return
        if len(numbers) < 2 * count:
            _check_names(body)
        places = sorted({first + place for place in numbers[1::2]})
        for place, end in zip(places, [*places[1:], len(body)], strict=True):
            self._look_at(body, place, end)


def _with_next(matches: Iterator[re.Match[bytes]]) -> Iterator[tuple[re.Match[bytes], re.Match[bytes] | None]]:
    match = next(matches, None)
    while match:
        following = next(matches, None)
        yield match, following
        match = following


def _check_names(data: bytes) -> None:
    for match in _NAME.finditer(data):
        name = _ESCAPE.sub(lambda code: bytes([int(code[1], 16)]), match[0]).decode("latin-1")
        if name in _RAW:
            raise NotTaken("active_pdf", part=_RAW[name])


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


def _resolved(thing: Any) -> Any:
    return thing.get_object() if isinstance(thing, IndirectObject) else thing


def _check_dictionary(part: Any) -> None:
    for key in part:
        if key in _KEYS and not _is_empty(dict.get(part, key)):
            raise NotTaken("active_pdf", part=_KEYS[key])
    for key in _SAYS_KIND:
        kind = _value(part, key)
        if isinstance(kind, str) and kind in _NAMES:
            raise NotTaken("active_pdf", part=_NAMES[kind])
    opens = _value(part, "/OpenAction")
    if opens is not None and not _only_goes_to_a_page(opens):
        kind = _value(opens, "/S") if isinstance(opens, dict) else None
        raise NotTaken("active_pdf", part=_NAMES.get(str(kind), "action"))
    _check_names_no_file(part)
    width, height = _value(part, "/Width"), _value(part, "/Height")
    if isinstance(width, int) and isinstance(height, int) and width * height > limits.MAX_PAGE_PIXELS:
        raise NotTaken("too_heavy")


def _is_empty(thing: Any, depth: int = 0) -> bool:
    """Nothing, or lists and name trees that hold nothing, as many programs write them."""
    thing = _resolved(thing)
    if depth > _DEPTH:
        return False
    if isinstance(thing, StreamObject):
        return False
    if isinstance(thing, dict):
        return all(_is_empty(value, depth + 1) for value in dict.values(thing))
    if isinstance(thing, list):
        return all(_is_empty(value, depth + 1) for value in list.__iter__(thing))
    return thing is None or isinstance(thing, NullObject)


def _only_goes_to_a_page(action: Any) -> bool:
    """Where a document opens is a place in it, which many scanners write; anything else acts."""
    if isinstance(action, dict):
        return _value(action, "/S") == "/GoTo" and "/Next" not in action
    return isinstance(action, list)


def _check_names_no_file(part: Any) -> None:
    """Neither a file on a reader's machine nor one on a network share. An annotation's /F is a number, a font's a
    dictionary; a file's is text."""
    for key in _FILE_NAMES:
        value = _value(part, key)
        if isinstance(value, str | bytes) and not isinstance(value, NameObject):
            raise NotTaken("active_pdf", part="external")
    for key in ("/URI", "/Base"):
        address = _value(part, key)
        if isinstance(address, str | bytes) and not _is_web_address(address):
            raise NotTaken("active_pdf", part="external")


def _is_web_address(address: str | bytes) -> bool:
    text = address.decode("latin-1") if isinstance(address, bytes) else address
    text = "".join(letter for letter in text if letter > " ")
    if text.startswith(("\\", "//")):
        return False
    scheme = _SCHEME.match(text)
    return scheme is None or scheme[1].lower() in _WEB_SCHEMES
