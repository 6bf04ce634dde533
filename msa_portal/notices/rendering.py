"""From a notice and its context to subject, text and HTML."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.template import Context, Engine

from msa_portal.notices.links import PRIVATE_LINK

# Control characters, and marks that turn the direction of writing, have no place in mail.
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_EMPTY_LINES = re.compile(r"\n[ \t]*\n(?:[ \t]*\n)+")
_SUBJECT_LENGTH = 250


@dataclass(frozen=True)
class Rendered:
    subject: str
    text: str
    html: str


def one_line(text: str) -> str:
    """Fit for a header: no line break and no control character is left (fault 50)."""
    return " ".join(_INVISIBLE.sub(" ", text).split())[:_SUBJECT_LENGTH]


# What the program itself says: numbers, days, amounts, its own codes. A subject that nobody vouches for has no other.
_OUR_WORDS = frozenset(
    {
        *("public_url", "STAGING", "reference", "language", "amount", "act_by", "day", "about", "count", "left_days"),
        *("changes", "outcome", "month", "change_by", "approved", "from_shell"),
    }
)


def render(name: str, context: dict[str, Any], *, is_vouched_for: bool = True) -> Rendered:
    """Without `is_vouched_for`, what people typed stays out of the subject, whichever values a template asks for (D21).

    The greeting is the caller's `name`.
    """
    values = {
        "public_url": settings.PUBLIC_URL,
        "STAGING": settings.STAGING,
        "private_link": PRIVATE_LINK,
        "reference": "",
        "language": settings.LANGUAGE_CODE,
    } | context
    in_subject = values if is_vouched_for else {key: value for key, value in values.items() if key in _OUR_WORDS}
    subject = one_line(_fill(name, "subject.txt", in_subject, escape=False))
    values["subject"] = subject
    text = _EMPTY_LINES.sub("\n\n", _fill(name, "body.txt", values, escape=False)).strip() + "\n"
    return Rendered(subject, text, _fill(name, "body.html", values, escape=True))


def _fill(name: str, part: str, values: dict[str, Any], *, escape: bool) -> str:
    """HTML escapes every value; plain text has nothing to escape."""
    template = Engine.get_default().get_template(f"notices/{name}/{part}")
    return _INVISIBLE.sub("", template.render(Context(values, autoescape=escape)))
