"""The ledger on the staff desk: read, summed up and exported, never changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from msa_portal import csv_export, formats
from msa_portal.business_days.calendar import UTILITY_ZONE, local_day
from payments.admin.desk import MoneyAdmin
from payments.models import Account, LedgerEntry
from payments.money import dollars
from requests_app.models import MSARequest

# The rules that entries name.
RULES = ("F1", "F2", "F3", "F4", "D3", "D4", "D9", "D15", "D16", "C7")
MOST_SHOWN = 10_000
_EXPORT = "payments.export_ledgerentry"


class CappedPaginator(Paginator):
    """Counts no further than `MOST_SHOWN`: whoever wants older entries narrows the filter."""

    @cached_property
    def count(self) -> int:
        entries: Any = self.object_list
        return int(entries[:MOST_SHOWN].count())


class AccountFilter(admin.SimpleListFilter):
    """Entries that add to that account or take from it."""

    title = gettext_lazy("account")
    parameter_name = "account"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, str(label)) for value, label in Account.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        account = self.value()
        return queryset.filter(Q(debit=account) | Q(credit=account)) if account else queryset


class RuleFilter(admin.SimpleListFilter):
    title = gettext_lazy("rule")
    parameter_name = "rule"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(rule, rule) for rule in RULES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(rule=self.value()) if self.value() else queryset


@admin.register(LedgerEntry)
class LedgerEntryAdmin(MoneyAdmin):
    list_display = [
        "at",
        "kind",
        "rule",
        "reference",
        "visit",
        "amount",
        "debit",
        "credit",
        "payment_id",
        "provider_id",
        "by",
    ]
    list_filter = ["kind", AccountFilter, RuleFilter]
    date_hierarchy = "at"
    search_fields = ["=msa_request__reference", "=provider_id", "payment__id__exact"]
    search_help_text = gettext_lazy("A request's reference, a payment's number, or the provider's id")
    list_select_related = ["msa_request", "fee__round", "by"]
    change_list_template = "payments/admin/ledger_list.html"
    paginator = CappedPaginator

    def get_urls(self) -> list[URLPattern]:
        export = path("export/", self.admin_site.admin_view(self.export), name="payments_ledgerentry_export")
        return [export, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        answer = super().changelist_view(request, extra_context)
        changelist = getattr(answer, "context_data", {}).get("cl")
        if changelist is not None:
            answer.context_data |= {  # type: ignore[attr-defined]  # a template response
                "balances": _shown(changelist.queryset.balances()),
                "may_export": request.user.has_perm(_EXPORT),
                "query": request.GET.urlencode(),
            }
        return answer

    def export(self, request: HttpRequest) -> HttpResponseBase:
        """The entries of the present filter as CSV, without a word about any person."""
        if not (self.has_view_permission(request) and request.user.has_perm(_EXPORT)):
            raise PermissionDenied
        try:
            entries = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            return redirect("admin:payments_ledgerentry_changelist")
        name = f"ledger-{local_day(timezone.now()):%Y-%m-%d}.csv"
        return csv_export.download(_header(), _rows(entries), name=name)

    @admin.display(description=gettext_lazy("request"))
    def reference(self, entry: LedgerEntry) -> MSARequest:
        return entry.msa_request

    @admin.display(description=gettext_lazy("visit"))
    def visit(self, entry: LedgerEntry) -> int:
        return entry.fee.round.number


def _shown(balances: dict[Account, int]) -> list[tuple[Any, str]]:
    return [(account.label, formats.usd(cents)) for account, cents in balances.items()]


def _header() -> list[str]:
    return [
        _("Entry"), _("Booked (UTC)"), _("Booked (Pacific time)"), _("What"), _("Rule"), _("Request"), _("Visit"),
        _("Debit"), _("Credit"), _("Amount"), _("Currency"), _("Payment"), _("Refund"), _("Dispute"),
        _("Provider's id"), _("Moved (UTC)"), _("Moved (Pacific time)"),
    ]  # fmt: skip


def _rows(entries: QuerySet[Any]) -> Iterator[list[Any]]:
    for entry in entries.select_related(None).select_related("msa_request", "fee__round").iterator(chunk_size=2000):
        yield [
            entry.pk, _utc(entry.at), _pacific(entry.at), entry.get_kind_display(), entry.rule,
            entry.msa_request.reference, entry.fee.round.number, entry.get_debit_display(), entry.get_credit_display(),
            f"{dollars(entry.amount_cents):.2f}", entry.currency.upper(), entry.payment_id, entry.refund_id,
            entry.dispute_id, entry.provider_id, _utc(entry.moved_at), _pacific(entry.moved_at),
        ]  # fmt: skip


def _utc(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if at else ""


def _pacific(at: datetime | None) -> str:
    return f"{at.astimezone(UTILITY_ZONE):%Y-%m-%d %H:%M:%S}" if at else ""
