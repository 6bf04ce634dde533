"""Text made plain, so that two spellings of one word meet."""

from __future__ import annotations

import re
import unicodedata

from rapidfuzz.distance import OSA

from requests_app.utility_records.matching.match import EQUAL, Match, Reason, different, equivalent

# Letters that Unicode does not take apart.
_LETTERS = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th", "ı": "i", "’": "'", "`": "'", "ʻ": "'"}
)  # fmt: skip
_WITH_E = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})


def listed(text: str) -> list[str]:
    """The words of a long list, which reads better as text."""
    return text.split()


def is_same_surface(ours: str, theirs: str) -> bool:
    """What `equal` means: the same but for case, full stops and commas, and spaces around and repeated."""
    return _surface(ours) == _surface(theirs)


def _surface(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).lower().replace(".", "").replace(",", " ").split())


def plain(text: str) -> str:
    """Without case, accents and the marks inside a word: "O’Hára" is "ohara"."""
    small = unicodedata.normalize("NFC", text).lower().translate(_LETTERS)
    letters = unicodedata.normalize("NFKD", small)
    return "".join(letter for letter in letters if not unicodedata.combining(letter) and letter != "'")


def spellings(text: str) -> frozenset[str]:
    """Letters and digits alone, also as German and Nordic names are spelled without their marks (ü, ue)."""
    small = unicodedata.normalize("NFC", text).lower()
    return frozenset(
        re.sub(r"[^a-z0-9]", "", plain(word)) or plain(word) for word in (small, small.translate(_WITH_E))
    )


def is_same_spelling(one: str, other: str) -> bool:
    return not spellings(one).isdisjoint(spellings(other))


def is_near(one: str, other: str) -> bool:
    """One letter other, missing, doubled or swapped."""
    first, second = plain(one), plain(other)
    return first != second and min(len(first), len(second)) > 2 and OSA.distance(first, second) == 1


def match_words(ours: str, theirs: str) -> Match:
    """Words that have no rules of their own, such as a city."""
    if is_same_surface(ours, theirs):
        return EQUAL
    if is_same_spelling(ours, theirs):
        return equivalent(Reason.SPELLING)
    return different(*([Reason.NEARLY] if is_near(ours, theirs) else []))
