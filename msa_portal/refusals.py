"""How a page shows what a service refused: as a message on the next page, or as an error in the form."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType

from django import forms
from django.contrib import messages
from django.http import HttpRequest

from msa_portal.errors import Refused


class _Shown(AbstractContextManager[None, bool]):
    """Leaves the block when a service raises `Refused`; every other error propagates."""

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
    """Show the reason as a message. The code after the block says where the page goes then:

    with refusal_as_message(request):
        transitions.submit(msa_request, by=request.user)
        return redirect(msa_request)
    return redirect("payments:fee", reference=msa_request.reference)
    """
    return _Shown(lambda refusal: messages.add_message(request, level, str(refusal)))


def refusal_in_form(form: forms.BaseForm, field: str = "") -> AbstractContextManager[None, bool]:
    """Show the reason in the form: at `field`, else at the first of its fields that the refusal names, else on top."""

    def show(refusal: Refused) -> None:
        named = next((name for name in refusal.fields if name in form.fields), None)
        form.add_error(field or named, str(refusal))

    return _Shown(show)
