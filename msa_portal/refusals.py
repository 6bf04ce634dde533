"""How a page shows what a service refused: as a message beside where it goes next, or in the form."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django import forms
from django.contrib import messages
from django.http import HttpRequest

from msa_portal.errors import Refused


@contextmanager
def refusal_as_message(request: HttpRequest, *, level: int = messages.ERROR) -> Iterator[None]:
    """Ends the block where a service refuses, and says why; what stands after the block is the way on then.

    with refusal_as_message(request):
        transitions.submit(msa_request, by=request.user)
        return redirect(msa_request)
    return redirect("payments:fee", reference=msa_request.reference)
    """
    try:
        yield
    except Refused as refusal:
        messages.add_message(request, level, str(refusal))


@contextmanager
def refusal_in_form(form: forms.BaseForm, field: str = "") -> Iterator[None]:
    """Ends the block where a service refuses; the form says why, at `field`, or at the first one of its own that the
    refusal names, else above all fields."""
    try:
        yield
    except Refused as refusal:
        named = next((name for name in refusal.fields if name in form.fields), None)
        form.add_error(field or named, str(refusal))
