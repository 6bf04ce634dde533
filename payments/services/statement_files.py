"""A closed month's statement as PDF: rendered once by a task, stored with its row (fault 29)."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

from django.urls import reverse

from msa_portal.accounts.models import Company, User
from msa_portal.db import lock
from msa_portal.jobs import ask
from msa_portal.notices.links import absolute
from msa_portal.pdf import render_pdf
from payments import months, notices
from payments.models import Account, Statement
from payments.models.statements import statement_path
from payments.services import statements
from payments.services.statements import Addressee, MonthlyAccount
from requests_app.files import storage


class BooksDiffer(Exception):
    """The lines of a month do not lead from its opening figure to what the ledger has at its end."""


def addressee_of(company_pk: int | None, user_pk: int | None) -> Addressee:
    if company_pk:
        return Addressee(company=Company.objects.get(pk=company_pk))
    if user_pk:
        return Addressee(user=User.objects.get(pk=user_pk))
    raise ValueError("a statement is a company's or a person's")


def ask_for(addressee: Addressee, month: date) -> None:
    """Have a worker make the month's PDF."""
    ask("payments.render_statement", month.isoformat(), *addressee.pks)


def render(addressee: Addressee, month: date) -> Statement | None:
    """The statement of a closed month; the one that is there, if any. Safe to run twice.

    None for a month that is not over, or in which nothing happened. Raises `BooksDiffer`, and
    `Refused` where the file cannot be stored.
    """
    existing = addressee.statements().filter(month=month).first()
    if existing is not None or not months.is_closed(month):
        return existing
    account = statements.of_month(addressee, month)
    if not has_entries(addressee, month):
        return None
    _check(account)
    return _store(account, render_pdf("pdf/statement.html", context_of(account)))


def has_entries(addressee: Addressee, month: date) -> bool:
    begin, end = months.bounds(month)
    return addressee.entries().filter(at__gte=begin, at__lt=end).exists()


def _check(account: MonthlyAccount) -> None:
    _begin, end = months.bounds(account.month)
    booked = account.addressee.entries().filter(at__lt=end).balance(Account.PROVIDER)
    if booked != account.closing_cents:
        raise BooksDiffer(f"{account.number}: {account.closing_cents} by its lines, {booked} in the ledger")


def context_of(account: MonthlyAccount) -> dict[str, Any]:
    return {
        "account": account,
        "month": account.month,
        "reference": account.number,
        "qr_url": absolute(address_of(account.addressee, account.month)),
        "help_url": absolute(reverse("help_topic", args=["contacts"])),
    }


def address_of(addressee: Addressee, month: date, name: str = "statement") -> str:
    """The path of the month's page, or of its file by the name of that route."""
    if addressee.company:
        return reverse(f"payments:company_{name}", args=[addressee.company.pk, month])
    return reverse(f"payments:{name}", args=[month])


def name_of(addressee: Addressee, month: date, suffix: str) -> str:
    return f"MSA statement {addressee.code}-{month:%Y-%m}.{suffix}"


def _store(account: MonthlyAccount, body: bytes) -> Statement:
    """File, row and notice together, or none of them. Two tasks at once leave one of each."""
    owner: Any = account.addressee.company or account.addressee.user
    with storage.atomic():
        lock(owner)
        existing = account.addressee.statements().filter(month=account.month).first()
        if existing is not None:
            return existing
        statement = Statement(
            company=account.addressee.company,
            user=account.addressee.user,
            month=account.month,
            sha256=hashlib.sha256(body).hexdigest(),
            size=len(body),
        )
        statement.file.name = storage.write(statement_path(statement, ""), body)
        statement.save()
        if account.payments:
            notices.statement_ready(statement, paid_cents=account.paid_cents, payments=len(account.payments))
    return statement
