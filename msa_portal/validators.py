from __future__ import annotations

import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# Marks that turn the direction of text around, and so can make one name look like another.
_TURNING = {"\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069"}


def one_line(text: str) -> None:
    """Refuse line breaks and other control characters (fault 50)."""
    if any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} or character in _TURNING for character in text):
        raise ValidationError(_("Use letters, digits and punctuation on one line only."), code="control_character")
