"""What a new password has to be: long and hard to guess. No rule says which characters it holds.

Passwords from before a rule keep working: only new ones are checked.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from msa_portal.accounts import second_factor

_KEYBOARD_ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_FEWEST_CHARACTERS = 5  # different ones


class LongEnough:
    """The only thing that protects an account is longer than one of two (NIST SP 800-63B-4)."""

    def validate(self, password: str, user: Any = None) -> None:
        least = self._least(user)
        if len(password) < least:
            message = ngettext(
                "Use at least %(least)d character. A few words in a row are easy to remember.",
                "Use at least %(least)d characters. A few words in a row are easy to remember.",
                least,
            )
            raise ValidationError(message % {"least": least}, code="password_too_short")

    def _least(self, user: Any) -> int:
        has_second = user is not None and user.pk and second_factor.is_set_up(user)
        return settings.PASSWORD_LENGTH_WITH_SECOND_FACTOR if has_second else settings.PASSWORD_LENGTH

    def get_help_text(self) -> str:
        return _(
            "At least %(alone)d characters, or %(with_second)d if you use two-step verification. A few words in a row"
            " are easy to remember."
        ) % {"alone": settings.PASSWORD_LENGTH, "with_second": settings.PASSWORD_LENGTH_WITH_SECOND_FACTOR}


class NotCommon(CommonPasswordValidator):
    """Refuses a common password, and one with figures or signs around it: "Password12345678"."""

    def validate(self, password: str, user: Any = None) -> None:
        super().validate(password, user)
        core = password.lower().strip("0123456789 !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
        if len(core) < len(password) and core in self.passwords:
            raise ValidationError(self.get_error_message(), code="password_too_common")

    def get_error_message(self) -> str:
        return _("Many people use this password, or one close to it. Choose another.")

    def get_help_text(self) -> str:
        return _("Not one that many people use.")


class NotRepeated:
    """Refuses the same piece again and again, a run of keys or numbers, and the password that they have now."""

    def validate(self, password: str, user: Any = None) -> None:
        text = password.lower()
        if len(set(text)) < _FEWEST_CHARACTERS or _is_one_piece_again(text) or _is_run(text):
            raise ValidationError(
                _("This repeats itself, or follows the keyboard or the alphabet. Choose something less regular."),
                code="password_repeated",
            )
        if user is not None and user.pk and user.check_password(password):
            raise ValidationError(_("This is the password you have now. Choose another."), code="password_same")

    def get_help_text(self) -> str:
        return _("Not the same piece repeated, and not the one you have now.")


def _is_one_piece_again(text: str) -> bool:
    """Whether a piece of at most half its length makes up the whole text: "abcdeabcdeabcde", "abcdeabcdeabc"."""
    return any(text == (text[:size] * len(text))[: len(text)] for size in range(1, len(text) // 2 + 1))


def _is_run(text: str) -> bool:
    """Whether nearly every step goes to a neighbor: in the alphabet, among the figures or along a row of keys."""
    steps = list(pairwise(text))
    return sum(_are_neighbors(*step) for step in steps) >= 0.75 * len(steps)


def _are_neighbors(one: str, other: str) -> bool:
    along_a_row = any(one + other in row or other + one in row for row in _KEYBOARD_ROWS)
    return along_a_row or (one.isalnum() and other.isalnum() and abs(ord(one) - ord(other)) == 1)
