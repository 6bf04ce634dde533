"""Monthly statements: what I paid, and what each of my companies paid."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.cache import cache
from django.db.models import BigIntegerField, Case, F, Q, Sum, When
from django.db.models.functions import TruncMonth
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from msa_portal import csv_export
from msa_portal.business_days.calendar import UTILITY_ZONE
from msa_portal.guards import SignedInRequest, signed_in
from payments import months
from payments.models import Account, LedgerEntry, Statement
from payments.services import statement_files, statements
from payments.services.statements import Addressee
from requests_app.files import storage

# For so long a page says that the file is being made, before it can be asked for again.
_PATIENCE = 180


@dataclass(frozen=True)
class MonthRow:
    month: date
    paid_cents: int
    back_cents: int
    address: str
    is_running: bool
    has_file: bool


@signed_in
@require_GET
def index(request: SignedInRequest) -> HttpResponse:
    """The months of the person and of the company that they work for now, the newest first."""
    companies = [company] if (company := request.user.current_company) else []
    payers = [*(Addressee(company=company) for company in companies), Addressee(user=request.user)]
    booked = LedgerEntry.objects.filter(
        Q(payment__company__in=companies) | Q(payment__company__isnull=True, payment__payer=request.user)
    )
    made = Statement.objects.filter(Q(company__in=companies) | Q(user=request.user))
    files = set(made.values_list("company_id", "month"))
    booked_months = _by_month(booked)
    groups = [(payer, _rows(payer, booked_months, files)) for payer in payers]
    context = {"groups": [group for group in groups if group[1] or group[0].company], "running": months.running()}
    return render(request, "payments/statements.html", context)


def _by_month(booked: Any) -> list[tuple[int | None, date, int, int]]:
    """Company, month, what came and what went, in one query."""
    begun = TruncMonth("at", tzinfo=UTILITY_ZONE)
    came = _total(When(kind__in=statements.RECEIVED, then=F("amount_cents")))
    went = _total(
        When(kind__in=statements.RECEIVED, then=0),
        When(credit=Account.PROVIDER, then=F("amount_cents")),
        When(debit=Account.PROVIDER, then=-F("amount_cents")),
    )
    rows = booked.values("payment__company_id", begun=begun).annotate(came=came, went=went).order_by("-begun")
    return [(row["payment__company_id"], row["begun"].date(), row["came"], row["went"]) for row in rows]


def _total(*cases: When) -> Sum:
    return Sum(Case(*cases, default=0, output_field=BigIntegerField()))


def _rows(
    payer: Addressee, booked_months: Iterable[tuple[int | None, date, int, int]], files: set[Any]
) -> list[MonthRow]:
    company_pk = payer.pks[0]
    return [
        MonthRow(
            month=month,
            paid_cents=came,
            back_cents=went,
            address=statement_files.address_of(payer, month),
            is_running=not months.is_closed(month),
            has_file=(company_pk, month) in files,
        )
        for company, month, came, went in booked_months
        if company == company_pk
    ]


def _addressee(request: SignedInRequest, month: date, company_id: int | None) -> Addressee:
    """Whose statement it is, if this person may see it (fault 37)."""
    if month > months.running():
        raise Http404
    if company_id is None:
        return Addressee(user=request.user)
    return Addressee(company=get_object_or_404(statements.companies_visible_to(request.user), pk=company_id))


@signed_in
@require_GET
def statement(request: SignedInRequest, month: date, company_id: int | None = None) -> HttpResponse:
    payer = _addressee(request, month, company_id)
    closed = months.is_closed(month)
    made = payer.statements().filter(month=month).first()
    context = {
        "account": statements.of_month(payer, month),
        "closed": closed,
        "made": made,
        "being_made": closed and made is None and cache.get(_asked(payer, month)) is not None,
        "can_be_made": closed and statement_files.has_entries(payer, month),
        "pdf_url": statement_files.address_of(payer, month, "statement_pdf"),
        "csv_url": statement_files.address_of(payer, month, "statement_csv"),
        "is_mine": company_id is None,
    }
    return render(request, "payments/statement.html", context)


@signed_in
@require_http_methods(["GET", "POST"])
def pdf(request: SignedInRequest, month: date, company_id: int | None = None) -> HttpResponseBase:
    """GET gives the file; POST has it made where it is not there yet. Nothing is rendered here."""
    payer = _addressee(request, month, company_id)
    made = payer.statements().filter(month=month).first()
    if made is not None and request.method == "GET":
        try:
            body = made.file.open("rb")
        except FileNotFoundError as error:
            raise Http404 from error
        name = statement_files.name_of(payer, month, "pdf")
        return storage.download(body, name=name, content_type="application/pdf")
    if made is None and request.method == "POST" and months.is_closed(month):
        if cache.add(_asked(payer, month), True, _PATIENCE):
            statement_files.ask_for(payer, month)
    elif made is None:
        messages.info(request, _("There is no PDF of this month yet."))
    return redirect(statement_files.address_of(payer, month))


def _asked(payer: Addressee, month: date) -> str:
    return f"statement-asked:{payer.code}:{month:%Y-%m}"


@signed_in
@require_GET
def csv(request: SignedInRequest, month: date, company_id: int | None = None) -> HttpResponseBase:
    payer = _addressee(request, month, company_id)
    account = statements.of_month(payer, month)
    lines = csv_export.lines(statements.header(), statements.rows(account))
    name = statement_files.name_of(payer, month, "csv")
    body = io.BytesIO("".join(lines).encode())
    return storage.download(body, name=name, content_type="text/csv; charset=utf-8")
