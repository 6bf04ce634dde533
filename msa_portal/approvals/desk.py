"""The staff desk's pages of rows that two people change: saving proposes, a second person approves."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.widgets import AdminDateWidget
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from msa_portal.admin.history import KeptAdmin
from msa_portal.approvals import rows
from msa_portal.business_days.calendar import local_day
from msa_portal.errors import Refused
from msa_portal.guards import user_of


class EffectiveForm(forms.ModelForm):
    """Asks from which day the change holds."""

    effective_on = forms.DateField(
        label=_("Takes effect on"),
        widget=AdminDateWidget,
        initial=lambda: local_day(timezone.now()),
        help_text=_("Another supervisor approves it first."),
    )

    def clean_effective_on(self) -> Any:
        day = self.cleaned_data["effective_on"]
        if day < local_day(timezone.now()):
            raise forms.ValidationError(_("This day is over. Enter today or a later day."))
        return day


# What became of the change, for the answer.
_PROPOSED, _REFUSED = "msa_portal.proposed", "msa_portal.proposal_refused"


class TwoPersonAdmin(KeptAdmin):
    """Saving writes nothing: it proposes the change. Rows aren't deleted."""

    form: type[forms.ModelForm] = EffectiveForm

    def needs_two(self, form: Any) -> bool:
        """Whether this change takes two people; each one does, unless a subclass says otherwise."""
        return True

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not self.needs_two(form):
            super().save_model(request, obj, form, change)
            return
        fields = {field.name for field in obj._meta.concrete_fields}
        names = [name for name in (form.changed_data if change else form.cleaned_data) if name in fields]
        if not names:
            return
        try:
            request.META[_PROPOSED] = rows.propose(
                obj, names, by=user_of(request), effective_on=form.cleaned_data.get("effective_on")
            )
        except Refused as refusal:
            request.META[_REFUSED] = str(refusal)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        if not self.needs_two(form):
            super().save_related(request, form, formsets, change)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """The proposal has its own entry in the log."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        if request.META.keys().isdisjoint({_PROPOSED, _REFUSED}):
            return super().log_change(request, obj, message)
        return None

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        return self._answer(request)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        if not request.META.keys().isdisjoint({_PROPOSED, _REFUSED}):
            return self._answer(request)
        return super().response_change(request, obj)

    def _answer(self, request: HttpRequest) -> HttpResponse:
        refused = request.META.get(_REFUSED, "")
        if refused:
            self.message_user(request, refused, messages.ERROR)
        elif hasattr(request, "proposed"):
            self.message_user(
                request, _now("Proposed. It takes effect once another supervisor approves it."), messages.SUCCESS
            )
            return redirect("admin:approvals_proposal_change", request.META[_PROPOSED].pk)
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        waiting = rows.waiting_for(row) if row is not None else None
        if waiting is not None and request.method == "GET":
            self.message_user(
                request,
                format_html("{} {}", _now("A change of this row waits for approval or for its day:"), waiting.subject),
                messages.WARNING,
            )
        return super().render_change_form(request, context, *args, **kwargs)
