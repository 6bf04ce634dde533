"""The utility's system of record: comparison, field by field (C5).

The customer is told `matches` or `differs` and never sees a value of the record. What `compare`
returns is for staff.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from django.core.cache import cache
from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.db import lock
from msa_portal.errors import Refused
from requests_app import form_steps, permissions
from requests_app.enums import RecordCheck
from requests_app.models import MSARequest, ServiceAccount

# With these three the answer for the customer is found.
IDENTIFYING_FIELDS = frozenset({"account_number", "customer_name", "zip_code"})
CHECKS_AN_HOUR_BY_USER = 10
CHECKS_AN_HOUR_FROM_ADDRESS = 30  # an installer's office shares one
_HOUR = int(timedelta(hours=1).total_seconds())

Verdict = Literal["matches", "differs", "not_given"]


@dataclass(frozen=True)
class FieldComparison:
    """`ours` is what the request says, `theirs` what the record says.

    `not_given`: one of the two is empty. An account number that no record has differs.
    """

    field: str
    ours: str
    theirs: str
    verdict: Verdict

    @property
    def agrees(self) -> bool:
        return self.verdict != "differs"

    @property
    def label(self) -> str:
        return form_steps.label(self.field)


@dataclass(frozen=True)
class Comparison:
    """A request beside its record; `account` None: no record has that account number."""

    account: ServiceAccount | None
    fields: tuple[FieldComparison, ...]

    @property
    def result(self) -> RecordCheck:
        """What the customer is told: whether number, name and ZIP are those of one record."""
        verdicts = {each.verdict for each in self.fields if each.field in IDENTIFYING_FIELDS}
        return RecordCheck.MATCHES if verdicts == {"matches"} else RecordCheck.DIFFERS

    @property
    def differing(self) -> tuple[FieldComparison, ...]:
        return tuple(each for each in self.fields if not each.agrees)


def _plain(text: str) -> str:
    """Upper-case letters, digits and single spaces; accents and punctuation are gone."""
    decomposed = unicodedata.normalize("NFKD", text)
    kept = "".join(" " if not c.isalnum() else c for c in decomposed if not unicodedata.combining(c))
    return " ".join(kept.upper().split())


def _code(text: str) -> str:
    return _plain(text).replace(" ", "")


def _name(text: str) -> str:
    """The words of a name in any order, without initials: "SAMPLE, ALICE B." is "Alice Sample"."""
    words = _plain(text).split()
    return " ".join(sorted(word for word in words if len(word) > 1) or sorted(words))


_SHORT_STREET = {
    "AVENUE": "AVE", "BOULEVARD": "BLVD", "CIRCLE": "CIR", "COURT": "CT", "DRIVE": "DR", "HIGHWAY": "HWY",
    "LANE": "LN", "PARKWAY": "PKWY", "PLACE": "PL", "ROAD": "RD", "STREET": "ST", "TERRACE": "TER", "WAY": "WY",
    "NORTH": "N", "SOUTH": "S", "EAST": "E", "WEST": "W",
}  # fmt: skip


def _street(text: str) -> str:
    return " ".join(_SHORT_STREET.get(word, word) for word in _plain(text).split())


def _unit(text: str) -> str:
    return " ".join(word for word in _plain(text).split() if word not in {"UNIT", "APT", "APARTMENT", "NO", "STE"})


# The request's field, the record's, and how both are read before they are compared.
_COMPARED: tuple[tuple[str, str, Callable[[str], str]], ...] = (
    ("account_number", "account_number", _code),
    ("customer_name", "name", _name),
    ("street", "street", _street),
    ("unit", "unit", _unit),
    ("city", "city", _plain),
    ("zip_code", "zip_code", _code),
    ("meter_number", "meter_number", _code),
    ("service_class", "service_class", _plain),
    ("meter_kind", "meter_kind", _plain),
)


def find_account(account_number: str) -> ServiceAccount | None:
    return ServiceAccount.objects.filter(account_number=_code(account_number)).first() if account_number else None


def compare(request: MSARequest) -> Comparison:
    """The request beside its record, field by field: for staff alone."""
    account = find_account(request.account_number)
    return Comparison(account, tuple(_compare_fields(request, account)))


def _compare_fields(request: MSARequest, account: ServiceAccount | None) -> Iterator[FieldComparison]:
    for ours_name, theirs_name, read in _COMPARED:
        ours = getattr(request, ours_name)
        theirs = getattr(account, theirs_name) if account else ""
        unknown_number = account is None and ours_name == "account_number"
        yield FieldComparison(
            ours_name, ours, theirs, "differs" if unknown_number else _verdict(read(ours), read(theirs))
        )


def _verdict(ours: str, theirs: str) -> Verdict:
    if not (ours and theirs):
        return "not_given"
    return "matches" if ours == theirs else "differs"


def can_be_checked(request: MSARequest) -> bool:
    """Number, name and ZIP are there, and nobody has looked since they changed."""
    return request.record_check == RecordCheck.NOT_YET and all(getattr(request, name) for name in IDENTIFYING_FIELDS)


def check(request: MSARequest, *, by: User, address: str = "") -> RecordCheck:
    """Look the account up and store the answer, nothing of the record itself.

    Raises `Refused` where that person, or that network address, has tried too many accounts.
    """
    with transaction.atomic():
        fresh = lock(request)
        permissions.check_acts_for(by, fresh)
        _throttle(fresh, by=by, address=address)
        found = compare(fresh)
        fresh.record_check = found.result
        fresh.service_account = found.account if found.result == RecordCheck.MATCHES else None
        fresh.save(update_fields=["record_check", "service_account"])
    request.record_check, request.service_account = fresh.record_check, fresh.service_account
    return fresh.record_check


def _throttle(request: MSARequest, *, by: User, address: str) -> None:
    """Each new combination of number, name and ZIP counts; the same one again does not."""
    tried = "|".join([_code(request.account_number), _name(request.customer_name), request.zip_code])
    digest = salted_hmac("record-check", tried, algorithm="sha256").hexdigest()
    limits = [(f"user:{by.pk}", CHECKS_AN_HOUR_BY_USER)]
    if address:
        limits.append((f"address:{address}", CHECKS_AN_HOUR_FROM_ADDRESS))
    for who, limit in limits:
        if cache.get(f"record-check:{who}:{digest}"):
            continue
        counter = f"record-check:{who}"
        cache.add(counter, 0, _HOUR)
        if cache.get(counter, 0) >= limit:
            raise Refused(
                _(
                    "Too many different accounts were checked in the last hour, so we did not check this one. "
                    "You can go on: our staff compare it with the record before the visit."
                ),
                code="too_many_checks",
            )
        cache.incr(counter)
        cache.set(f"record-check:{who}:{digest}", 1, _HOUR)
