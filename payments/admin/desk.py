"""What every page on money shares on the staff desk: rows are read, and changed by steps alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy

from msa_portal import formats
from msa_portal.errors import Refused


@dataclass(frozen=True)
class Step:
    """Something staff can do with a row: a page that says what it does, and a form that does it."""

    name: str
    title: Any
    what: Any
    permission: str
    possible: Callable[[Any], bool]
    form: Callable[[Any], Callable[..., forms.Form]]
    initial: Callable[[Any], dict[str, Any]]
    # Does it, and may return what to say instead of `done`.
    act: Callable[[HttpRequest, Any, Any], Any]
    done: Any
    # What to know before the decision, and why this person cannot take the step; empty where they can.
    facts: Callable[[Any], list[tuple[Any, Any]]] = lambda _row: []
    obstacle: Callable[[HttpRequest, Any], str] = lambda _request, _row: ""


class MoneyAdmin(admin.ModelAdmin):
    """Read-only; what can be done are steps, each with a page of its own."""

    steps: list[Step] = []
    change_form_template = "payments/admin/change_form.html"
    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        name = f"payments_{self.opts.model_name}"
        own = [
            path(
                f"<int:pk>/{step.name}/",
                self.admin_site.admin_view(partial(self.take_step, step=step)),
                name=f"{name}_{step.name}",
            )
            for step in self.steps
        ]
        return own + super().get_urls()

    def open_steps(self, request: HttpRequest, row: Any) -> list[Step]:
        user: Any = request.user
        return [step for step in self.steps if user.has_perm(step.permission) and step.possible(row)]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        steps = (
            [] if row is None else [(step.title, self._address(step, row)) for step in self.open_steps(request, row)]
        )
        return super().change_view(request, object_id, form_url, {"steps": steps, **(extra_context or {})})

    def _address(self, step: Step, row: Any) -> str:
        return reverse(f"admin:payments_{self.opts.model_name}_{step.name}", args=[row.pk])

    def take_step(self, request: HttpRequest, pk: int, step: Step) -> HttpResponse:
        """A GET asks, a POST acts. Without the permission the address is not there."""
        user: Any = request.user
        row = self.get_object(request, str(pk))
        if row is None or not (self.has_view_permission(request, row) and user.has_perm(step.permission)):
            raise Http404
        form = step.form(row)(request.POST if request.method == "POST" else None, initial=step.initial(row))
        if request.method == "POST" and form.is_valid():
            try:
                said = step.act(request, row, form)
            except Refused as refusal:
                _show(refusal, form)
            else:
                messages.success(request, str(said or step.done))
                return redirect(f"admin:payments_{self.opts.model_name}_change", row.pk)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": step.title,
            "what": step.what,
            "row": row,
            "form": form,
            "facts": step.facts(row),
            "obstacle": step.obstacle(request, row),
            "amount": formats.usd(row.amount_cents) if hasattr(row, "amount_cents") else "",
        }
        return render(request, "payments/admin/step.html", context)

    @admin.display(description=gettext_lazy("amount"), ordering="amount_cents")
    def amount(self, row: Any) -> str:
        return formats.usd(row.amount_cents)


def nothing(_row: Any) -> dict[str, Any]:
    """A step's form that begins empty."""
    return {}


def _show(refusal: Refused, form: forms.Form) -> None:
    """At the field that it is about, else above the form."""
    known = {name: message for name, message in refusal.fields.items() if name in form.fields}
    if known:
        for name, message in known.items():
            form.add_error(name, str(message))
    else:
        form.add_error(None, str(refusal))
