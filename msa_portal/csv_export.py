"""Rows as CSV that a spreadsheet may open: no cell is a formula (fault 51).

`defusedcsv` leaves a leading tab or carriage return, which Excel strips before it looks for a formula, and rewrites
pipes in the middle of a text; so the few lines are here.
"""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from django.http import StreamingHttpResponse

# What makes a spreadsheet compute, also in the full-width forms of East Asian keyboards.
_FORMULA = ("=", "+", "-", "@", "|", "%", "＝", "＋", "－", "＠")  # they are meant
_BYTE_ORDER_MARK = "\ufeff"  # without it a spreadsheet reads UTF-8 as something else


def harmless(value: Any) -> str:
    """The text of one cell. A number stays a number, below zero too; text that could compute is quoted.

    A spreadsheet passes over blanks and control characters in front, and begins a new cell at a line
    break that it takes for a row's end: control characters become spaces.
    """
    if value is None:
        return ""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    text = "".join(character if character.isprintable() else " " for character in str(value))
    return f"'{text}" if text.lstrip(" '\"").startswith(_FORMULA) else text


def lines(header: Iterable[Any], rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """The file, a line at a time: the rows may be many, and come from an iterator."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_MINIMAL)
    out.write(_BYTE_ORDER_MARK)
    for row in itertools.chain([header], rows):
        writer.writerow([harmless(cell) for cell in row])
        yield _taken(out)


def download(header: Iterable[Any], rows: Iterable[Iterable[Any]], *, name: str) -> StreamingHttpResponse:
    """A file to keep, sent while it is made."""
    answer = StreamingHttpResponse(lines(header, rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def _taken(out: io.StringIO) -> str:
    text = out.getvalue()
    out.seek(0)
    out.truncate()
    return text
