"""How a page shows what a service refused: as a message beside where it goes next, or in the form."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType

from django import forms
from django.contrib import messages
from django.http import HttpRequest

from msa_portal.errors import Refused


class _Shown(AbstractContextManager[None, bool]):
    """Ends the block where a service refuses; every other error goes on."""

    def __init__(self, show: Callable[[Refused], None]) -> None:
        self._show = show

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if not isinstance(error, Refused):
            return False
        self._show(error)
        return True


def refusal_as_message(request: HttpRequest, *, level: int = messages.ERROR) -> AbstractContextManager[None, bool]:
    """A message says why; what stands after the block is the way on then.

    with refusal_as_message(request):
        transitions.submit(msa_request, by=request.user)
        return redirect(msa_request)
    return redirect("payments:fee", reference=msa_request.reference)
    """
    return _Shown(lambda refusal: messages.add_message(request, level, str(refusal)))


def refusal_in_form(form: forms.BaseForm, field: str = "") -> AbstractContextManager[None, bool]:
    """The form says why: at `field`, or at the first of its own fields that the refusal names, else above them all."""

    def show(refusal: Refused) -> None:
        named = next((name for name in refusal.fields if name in form.fields), None)
        form.add_error(field or named, str(refusal))

    return _Shown(show)
