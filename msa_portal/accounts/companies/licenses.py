"""What a license of California's Contractors State License Board (CSLB) looks like. Whether it exists, staff look up."""

from __future__ import annotations

import re

from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

number_shape = RegexValidator(
    r"^[0-9]{1,8}\Z", _("Enter the CSLB license number: up to 8 digits, without the classification.")
)
_ONE = r"(?:A|B|B-2|C-[1-9][0-9]?|D-[1-9][0-9]?|ASB|HAZ)"
classification_shape = RegexValidator(
    rf"^{_ONE}(?:, {_ONE})*\Z",
    _("Enter the classification as the license shows it, such as C-10, C-46, A or B. Put a comma between several."),
)


def normalized_number(typed: str) -> str:
    """Without a leading "CSLB", "Lic" or "#", spaces and dashes. What is no number after that stays as it was typed."""
    bare = re.sub(r"^(?:CSLB|LIC(?:ENSE)?\.?|NO\.?|#|\s)+", "", typed.strip(), flags=re.IGNORECASE)
    digits = re.sub(r"[\s\-]", "", bare)
    return digits if digits.isascii() and digits.isdigit() else typed.strip()


def normalized_classification(typed: str) -> str:
    """Capitals, one dash, each once: "c10 and C 46" becomes "C-10, C-46"."""
    parts = re.split(r"\s*(?:,|;|/|&|\band\b)\s*", typed.strip(), flags=re.IGNORECASE)
    written = [re.sub(r"^([BCD])[\s\-]*0*([1-9][0-9]?)$", r"\1-\2", part.upper()) for part in parts if part]
    return ", ".join(dict.fromkeys(written))
