"""The pattern of a device's serial number: a small language that the server and a technician's phone read alike.

Python and browsers disagree about regular expressions at the edges (flags, anchors, case), so a pattern is made of what
they agree on, and of no more than a serial number needs: capitals, digits and `- . /`; `\\d`; sets such as `[A-F0-9]`;
groups with `|`; `?`, `{11}` and `{2,4}`. Numbers are compared in capitals, without spaces.
"""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

LONGEST_NUMBER = 60
# Each part that may vary doubles what a number can be tried as.
MOST_VARIABLE = 6

_LITERAL = r"[A-Z0-9\-/]|\\[.\-/]"
_SET = r"\[(?:[A-Z0-9](?:-[A-Z0-9])?|\\?[.\-/])+\]"
_PART = re.compile(
    rf"(?P<atom>{_LITERAL}|{_SET})|(?P<open>\((?:\?:)?)|(?P<close>\))|(?P<either>\|)"
    r"|(?P<times>\{(?P<least>\d{1,2})(?:,(?P<most>\d{1,2}))?\}|\?)"
)


def read(text: str) -> str:
    r"""The pattern as it's stored: capitals, `\d` spelled out. Raises `ValidationError` naming the place that isn't understood."""
    pattern = text.strip().replace(r"\d", "[0-9]").upper()
    place = depth = variable = 0
    last = ""
    while place < len(pattern):
        part = _PART.match(pattern, place)
        if part is None or (part.lastgroup == "close" and not depth):
            raise _not_understood(pattern, place)
        kind = _kind(part)
        if kind == "times":
            _check_times(part, last, pattern, place)
            variable += part[0] == "?" or part["most"] is not None
        depth += {"open": 1, "close": -1}.get(kind, 0)
        last, place = kind, part.end()
    if depth:
        raise ValidationError(_("A bracket “(” isn't closed."), code="pattern")
    if variable > MOST_VARIABLE:
        raise ValidationError(
            _("At most %(most)d parts of a pattern can vary in length.") % {"most": MOST_VARIABLE}, code="pattern"
        )
    try:
        re.compile(pattern)
    except re.PatternError as error:  # a set that runs backward
        raise _not_understood(pattern, error.pos or 0) from error
    return pattern


def _kind(part: re.Match[str]) -> str:
    return next(name for name in ("atom", "open", "close", "either", "times") if part[name] is not None)


def _check_times(part: re.Match[str], last: str, text: str, place: int) -> None:
    """What is repeated is one sign or one set; a group can only be left out."""
    if last not in {"atom", "close"} or (last == "close" and part[0] != "?"):
        raise _not_understood(text, place)
    least, most = part["least"], part["most"]
    if least and (int(most or least) > LONGEST_NUMBER or int(most or least) < max(1, int(least))):
        raise _not_understood(text, place)


def _not_understood(text: str, place: int) -> ValidationError:
    return ValidationError(
        _(
            "This isn't understood from here on: “%(rest)s”. Use capitals, digits, sets such as [A-F0-9], and how often,"
            " such as {11}."
        )
        % {"rest": text[place : place + 20]},
        code="pattern",
    )


def number_of(typed: str) -> str:
    """A serial number as it's compared: people read it off labels."""
    return "".join(typed.split()).upper()


def matches(number: str, pattern: str) -> bool:
    """Whether the pattern fits the whole number, as `scanner.js` judges it on a phone."""
    return re.fullmatch(pattern, number_of(number)) is not None
