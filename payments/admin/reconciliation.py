"""The comparison with the provider's books on the staff desk: its days, and the differences that are left."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy

from msa_portal import formats
from msa_portal.guards import user_of
from payments.admin.desk import MoneyAdmin, Step, nothing
from payments.forms.refunds import ResolveForm
from payments.models import ReconciledDay, ReconciliationItem
from payments.services import reconciliation

_NONE = "–"


def _compare(_request: HttpRequest, row: ReconciledDay, _form: Any) -> None:
    reconciliation.compare_now(row)


def _resolve(request: HttpRequest, item: ReconciliationItem, form: Any) -> None:
    reconciliation.resolve(item, by=user_of(request), note=form.cleaned_data["note"])


class _Differences(admin.TabularInline):
    """The day's differences, each with a link to its own page."""

    model = ReconciliationItem
    fields = ("kind", "category", "provider_id", "state", "note")
    readonly_fields = fields
    show_change_link = True
    can_delete = False
    extra = max_num = 0


@admin.register(ReconciledDay)
class ReconciledDayAdmin(MoneyAdmin):
    """A day agrees to the cent, or what differs is listed."""

    list_display = ["day", "state", "movements", "theirs", "ours", "repaired", "passed_over", "open", "checked_at"]
    list_filter = ["state"]
    date_hierarchy = "day"
    fields = ["day", "state", "movements", "passed_over", "repaired", "theirs", "ours", "checked_at"]
    readonly_fields = ["theirs", "ours"]
    inlines = [_Differences]
    steps = [
        Step(
            name="compare",
            title=gettext_lazy("Compare this day now"),
            what=gettext_lazy("The provider's list of that day is read again, and our records follow what it proves."),
            permission="payments.view_reconciledday",
            possible=lambda _day: True,
            form=lambda _day: forms.Form,
            initial=nothing,
            act=_compare,
            done=gettext_lazy("The day was compared again."),
        )
    ]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("items")

    @admin.display(description=gettext_lazy("provider's books"), ordering="provider_cents")
    def theirs(self, day: ReconciledDay) -> str:
        return formats.usd(day.provider_cents)

    @admin.display(description=gettext_lazy("our books"), ordering="ledger_cents")
    def ours(self, day: ReconciledDay) -> str:
        return formats.usd(day.ledger_cents)

    @admin.display(description=gettext_lazy("open differences"))
    def open(self, day: ReconciledDay) -> int:
        return sum(item.state == ReconciliationItem.State.OPEN for item in day.items.all())


@admin.register(ReconciliationItem)
class ReconciliationItemAdmin(MoneyAdmin):
    list_display = ["pk", "on", "kind", "provider_id", "theirs", "ours", "to_payment", "state", "note"]
    list_filter = ["state", "kind"]
    date_hierarchy = "day__day"
    search_fields = ["provider_id", "payment__fees__round__msa_request__reference"]
    list_select_related = ["day", "payment", "resolved_by"]
    fields = [
        *("on", "kind", "category", "provider_id", "theirs", "ours", "to_payment"),
        *("state", "note", "resolved_by", "resolved_at"),
    ]
    readonly_fields = ["on", "theirs", "ours", "to_payment"]
    steps = [
        Step(
            name="resolve",
            title=gettext_lazy("Resolve this difference"),
            what=gettext_lazy(
                "You have looked into it. What you write here is kept with your name; no money is moved."
            ),
            permission="payments.resolve_difference",
            possible=lambda item: item.state == ReconciliationItem.State.OPEN,
            form=lambda _item: ResolveForm,
            initial=nothing,
            act=_resolve,
            done=gettext_lazy("The difference is resolved."),
        )
    ]

    @admin.display(description=gettext_lazy("day"), ordering="day__day")
    def on(self, item: ReconciliationItem) -> str:
        address = reverse("admin:payments_reconciledday_change", args=[item.day_id])
        return format_html('<a href="{}">{}</a>', address, formats.day(item.day.day))

    @admin.display(description=gettext_lazy("provider's books"), ordering="theirs_cents")
    def theirs(self, item: ReconciliationItem) -> str:
        return _money(item.theirs_cents, item.currency)

    @admin.display(description=gettext_lazy("our books"), ordering="ours_cents")
    def ours(self, item: ReconciliationItem) -> str:
        return _money(item.ours_cents, item.currency)

    @admin.display(description=gettext_lazy("payment"), ordering="payment")
    def to_payment(self, item: ReconciliationItem) -> str:
        if item.payment is None:
            return _NONE
        address = reverse("admin:payments_payment_change", args=[item.payment_id])
        return format_html('<a href="{}">{}</a>', address, item.payment)


def _money(cents: int, currency: str) -> str:
    """Another currency's smallest units are no dollars."""
    return formats.usd(cents) if currency == "usd" else f"{cents} {currency.upper()}"
