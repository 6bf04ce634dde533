"""Fields that take a value of their own kind only: DRF's would read "200" and true as numbers."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers


class StrictIntegerField(serializers.IntegerField):
    """200.0 is a whole number in JSON Schema's eyes, and so it is here."""

    default_error_messages = {"kind": _("Must be a whole number, without quotes.")}

    def to_internal_value(self, data: Any) -> int:
        whole = isinstance(data, int) or (isinstance(data, float) and data.is_integer())
        if isinstance(data, bool) or not whole:
            self.fail("kind")
        return int(data)


class StrictBooleanField(serializers.BooleanField):
    default_error_messages = {"kind": _("Must be true or false, without quotes.")}

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("kind")
        return data


class StrictChoiceField(serializers.ChoiceField):
    """Names the choices in its error; never the input, which may not even be text."""

    default_error_messages = {"kind": _("Must be one of: {choices}.")}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or data not in self.choices:
            self.fail("kind", choices=", ".join(self.choices))
        return data


class StrictCharField(serializers.CharField):
    default_error_messages = {"kind": _("Must be text.")}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("kind")
        return super().to_internal_value(data)
