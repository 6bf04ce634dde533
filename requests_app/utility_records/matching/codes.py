"""Numbers of accounts and meters, and the words for a service's class and a meter's kind."""

from __future__ import annotations

import re
from collections.abc import Callable

from requests_app.enums import MeterKind, ServiceClass
from requests_app.utility_records.matching.match import EQUAL, Match, Reason, different, equivalent
from requests_app.utility_records.matching.words import is_near

_IN_FRONT = re.compile(r"^(?:(?:meter|mtr|sce|serial|number|no|nr|sn)\b[\s.:#-]*|#\s*)+", re.IGNORECASE)
_LOOKS_LIKE = str.maketrans("OIL", "011")


def match_account_number(ours: str, theirs: str) -> Match:
    """An account is looked up by its letters and digits, so only marks and case may differ."""
    if ours.strip().casefold() == theirs.strip().casefold():
        return EQUAL
    return equivalent(Reason.MARKS) if letters_and_digits(ours) == letters_and_digits(theirs) else _other(ours, theirs)


def match_meter_number(ours: str, theirs: str) -> Match:
    if ours.strip().casefold() == theirs.strip().casefold():
        return EQUAL
    one, other = (letters_and_digits(_IN_FRONT.sub("", code.strip())) for code in (ours, theirs))
    if one == other:
        return equivalent(Reason.MARKS)
    if one.lstrip("0") == other.lstrip("0"):
        return equivalent(Reason.ZEROS)
    read = [code.translate(_LOOKS_LIKE).lstrip("0") for code in (one, other)]
    return equivalent(Reason.MISREAD) if read[0] and read[0] == read[1] else _other(one, other)


def letters_and_digits(text: str) -> str:
    return re.sub(r"[\W_]", "", text).upper()


def _other(ours: str, theirs: str) -> Match:
    return different(Reason.OTHER_CODE, *([Reason.NEARLY] if is_near(ours, theirs) else []))


# The utility's rate schedules: D… are domestic, GS and TOU-8 general service, PA agricultural.
_CLASSES = (
    (ServiceClass.RESIDENTIAL, re.compile(r"\b(res|resid\w*|domestic|r|(tou )?d(m|ms)?)\b")),
    (ServiceClass.COMMERCIAL, re.compile(r"\b(comm?|commercial|business|c|general service|(tou )?gs|tou 8)\b")),
    (ServiceClass.AGRICULTURAL, re.compile(r"\b(ag|agri\w*|(tou )?pa)\b")),
)
# ANSI forms and current classes: S-forms with a current of 100 A and more carry it themselves.
_KINDS = (
    (
        MeterKind.SELF_CONTAINED,
        re.compile(r"\b(sc|self\w*|direct|whole current|(1|2|12|14|15|16|25)s|cl(ass)? ?(100|200|320|400))\b"),
    ),
    (
        MeterKind.INSTRUMENT_RATED,
        re.compile(r"\b(ir|instr|instrument|cts?|transformer|(3|4|5|6|8|9|10|11|26|35|36|45)s|cl(ass)? ?(2|10|20))\b"),
    ),
)


def match_service_class(ours: str, theirs: str) -> Match:
    return _match_listed(ours, theirs, read_service_class)


def match_meter_kind(ours: str, theirs: str) -> Match:
    return _match_listed(ours, theirs, read_meter_kind)


def read_service_class(text: str) -> str:
    """The `ServiceClass` that it speaks of; empty where it speaks of none, or of two."""
    return _read(_CLASSES, text)


def read_meter_kind(text: str) -> str:
    return _read(_KINDS, text)


def _match_listed(ours: str, theirs: str, read: Callable[[str], str]) -> Match:
    if _spaced(ours) == _spaced(theirs):
        return EQUAL
    one, other = read(ours), read(theirs)
    if not (one and other):
        return different(Reason.NOT_UNDERSTOOD)
    return equivalent(Reason.OTHER_WORD) if one == other else different(Reason.OTHER_KIND)


def _read(known: tuple[tuple[str, re.Pattern[str]], ...], text: str) -> str:
    values = [value for value, pattern in known if pattern.search(_spaced(text))]
    return values[0] if len(values) == 1 else ""


def _spaced(text: str) -> str:
    return " ".join(re.sub(r"[\W_]", " ", text.casefold()).split())
