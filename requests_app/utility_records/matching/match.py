"""A verdict on two values, and its reasons."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _


class Verdict(models.TextChoices):
    EQUAL = "equal", _("Equal")
    EQUIVALENT = "equivalent", _("The same, written in another way")
    DIFFERENT = "different", _("Different")


class Reason(models.TextChoices):
    """Stored by its code, and read in the language of whoever looks."""

    ORDER = "order", _("The names stand in another order.")
    INITIAL = "initial", _("One has an initial where the other has the middle name.")
    FIRST_INITIAL = "first_initial", _("One has only the initial of the first name.")
    MIDDLE_LEFT_OUT = "middle_left_out", _("One leaves a middle name out.")
    LEADING_INITIAL = "leading_initial", _("One leaves out the initial before the first name.")
    SHORT_NAME = "short_name", _("One has a common short form of the first name.")
    SUFFIX_LEFT_OUT = "suffix_left_out", _("One leaves out a suffix such as Jr.")
    TITLE = "title", _("One has a title or a role that the other leaves out.")
    SPELLING = "spelling", _("Accents, hyphens or spaces inside a name are written in another way.")
    DOUBLE_NAME = "double_name", _("One has only half of a double last name.")
    ONE_OF_SEVERAL = "one_of_several", _("One names only one of the account's holders.")
    TRADING_AS = "trading_as", _("One has the name that the other trades under.")
    LEGAL_FORM = "legal_form", _("The company's legal form is left out, or written in another way.")
    OTHER_PERSON = "other_person", _("Another first or middle name.")
    OTHER_FAMILY = "other_family", _("Another last name.")
    OTHER_SUFFIX = "other_suffix", _("Another suffix: it may be father and son.")
    OTHER_HOLDER = "other_holder", _("Not the same people, or not the same company.")
    NEARLY = "nearly", _("Nearly the same: a letter or digit is different. It may be a slip, or not.")

    ABBREVIATION = "abbreviation", _("Words of the address are abbreviated in one of the two.")
    UNIT_FORM = "unit_form", _("The unit is written in another way.")
    TYPE_LEFT_OUT = "type_left_out", _("One leaves out the type of street.")
    NUMBER_FORM = "number_form", _("The number is written in another way.")
    OTHER_NUMBER = "other_number", _("Another house number.")
    OTHER_STREET = "other_street", _("Another street.")
    OTHER_TYPE = "other_type", _("Another type of street.")
    OTHER_DIRECTION = "other_direction", _("Another direction, such as N or S, or one leaves it out.")
    OTHER_UNIT = "other_unit", _("Another unit.")
    UNIT_LEFT_OUT = "unit_left_out", _("Only one of the two names a unit.")

    MARKS = "marks", _("Spaces, hyphens or words around the number differ.")
    ZEROS = "zeros", _("One has zeros in front.")
    MISREAD = "misread", _("A letter stands for the digit that looks like it.")
    OTHER_CODE = "other_code", _("Another number.")
    OTHER_WORD = "other_word", _("Another word for the same.")
    OTHER_KIND = "other_kind", _("Another kind.")
    NOT_UNDERSTOOD = "not_understood", _("We cannot tell what the record's word means.")


@dataclass(frozen=True)
class Match:
    verdict: Verdict
    reasons: tuple[Reason, ...] = ()

    @property
    def agrees(self) -> bool:
        return self.verdict != Verdict.DIFFERENT


EQUAL = Match(Verdict.EQUAL)


def equivalent(*reasons: Reason) -> Match:
    return Match(Verdict.EQUIVALENT, tuple(dict.fromkeys(reasons)))


def different(*reasons: Reason) -> Match:
    return Match(Verdict.DIFFERENT, tuple(dict.fromkeys(reasons)))
