"""The utility's system of record: comparison, field by field (C5).

The customer is told `matches`, `differs` or `later` and never sees a value of the record. What
`compare` returns is for staff. The record is asked before a transaction begins, never inside one:
it may be a service that takes its time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.core.exceptions import ObjectDoesNotExist
from django.db import models, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from msa_portal.accounts.models import User
from msa_portal.errors import Refused
from requests_app import enums, permissions
from requests_app.application import steps
from requests_app.enums import RecordCheck
from requests_app.models import MSARequest, RecordComparison
from requests_app.models.record_comparison import ComparisonState
from requests_app.utility_records import matching, sources
from requests_app.utility_records.matching import Match, Reason, Verdict, letters_and_digits
from requests_app.utility_records.sources import ImportedRecord, OutOfReach, Record

# With these three the answer for the customer is found.
IDENTIFYING_FIELDS = frozenset({"account_number", "customer_name", "zip_code"})
CHECKS_AN_HOUR_BY_USER = 10
CHECKS_AN_HOUR_FROM_ADDRESS = 30  # an installer's office shares one
_HOUR = int(timedelta(hours=1).total_seconds())

NOT_GIVEN = "not_given"
LATER = gettext_lazy(
    "We could not compare the account just now: the utility's record does not answer. Nothing is wrong on your "
    "side, and you can go on. The check runs later by itself, and this page will then say what it found."
)
_UNIT_REASONS = frozenset({Reason.OTHER_UNIT, Reason.UNIT_LEFT_OUT})


@dataclass(frozen=True)
class FieldComparison:
    """`ours` is what the request says, `theirs` what the record says; `reasons` are codes.

    `verdict` is one of the matcher's, or `not_given` where one of the two is empty. An account number
    that no record has is different.
    """

    field: str
    ours: str
    theirs: str
    verdict: str
    reasons: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        return self.verdict != Verdict.DIFFERENT

    @property
    def matches(self) -> bool:
        return self.verdict in {Verdict.EQUAL, Verdict.EQUIVALENT}

    @property
    def label(self) -> str:
        return steps.label(self.field)

    @property
    def proposal(self) -> str:
        """The record's value as the request would say it; empty where that cannot be said."""
        read = {"service_class": matching.read_service_class, "meter_kind": matching.read_meter_kind}
        return read[self.field](self.theirs) if self.field in read else self.theirs

    @property
    def because(self) -> str:
        """The reasons in words."""
        return " ".join(str(Reason(code).label) for code in self.reasons)


@dataclass(frozen=True)
class Comparison:
    """A request beside its record.

    `checked_at` None: the record was not asked for this account yet, and nothing is known.
    """

    has_account: bool
    fields: tuple[FieldComparison, ...]
    checked_at: datetime | None

    @property
    def result(self) -> RecordCheck:
        """What the customer is told: whether number, name and ZIP are those of one record."""
        same = [field.matches for field in self.fields if field.field in IDENTIFYING_FIELDS]
        return RecordCheck.MATCHES if same and all(same) else RecordCheck.DIFFERS

    @property
    def differing(self) -> tuple[FieldComparison, ...]:
        return tuple(field for field in self.fields if not field.agrees)

    @property
    def rewritten(self) -> tuple[FieldComparison, ...]:
        return tuple(field for field in self.fields if field.verdict == Verdict.EQUIVALENT)


_NOTHING_KNOWN = Comparison(has_account=False, fields=(), checked_at=None)


def compare(msa_request: MSARequest) -> Comparison:
    """The request beside its record, field by field: for staff alone.

    The imported table is read now. A service is not asked for a page of staff: there the stored
    comparison counts, judged again where a fact changed since.
    """
    source = sources.configured()
    if source.is_remote:
        return _stored(msa_request)
    return beside(msa_request, source.lookup(msa_request.account_number), at=timezone.now())


def beside(msa_request: MSARequest, record: Record | None, *, at: datetime) -> Comparison:
    fields = _with_record(msa_request, record) if record else _without_record(msa_request)
    return Comparison(has_account=record is not None, fields=tuple(fields), checked_at=at)


# The request's fields in the order in which they are shown, and the record's.
_COMPARED = {
    "account_number": "account_number",
    "customer_name": "name",
    "street": "street",
    "unit": "unit",
    "city": "city",
    "zip_code": "zip_code",
    "meter_number": "meter_number",
    "service_class": "service_class",
    "meter_kind": "meter_kind",
}
_MATCHERS = {
    "account_number": matching.match_account_number,
    "customer_name": matching.match_name,
    "city": matching.match_words,
    "zip_code": matching.match_account_number,
    "meter_number": matching.match_meter_number,
    "service_class": matching.match_service_class,
    "meter_kind": matching.match_meter_kind,
}


def _without_record(msa_request: MSARequest) -> Iterator[FieldComparison]:
    for name in _COMPARED:
        is_number = name == "account_number"
        yield FieldComparison(
            name, getattr(msa_request, name), "", Verdict.DIFFERENT.value if is_number else NOT_GIVEN
        )


def _with_record(msa_request: MSARequest, record: Record) -> Iterator[FieldComparison]:
    for name, theirs_name in _COMPARED.items():
        ours, theirs = getattr(msa_request, name), getattr(record, theirs_name)
        if name in {"street", "unit"}:
            yield _address_field(name, msa_request, record)
        elif ours and theirs:
            match = _MATCHERS[name](ours, theirs)
            yield FieldComparison(name, ours, theirs, match.verdict.value, _codes(match))
        else:
            yield FieldComparison(name, ours, theirs, NOT_GIVEN)


def _address_field(name: str, msa_request: MSARequest, record: Record) -> FieldComparison:
    """Street and unit are judged together, for one may stand in the other's field; each shows what concerns it."""
    ours, theirs = getattr(msa_request, name), getattr(record, name)
    if not (msa_request.street and record.street) or not (ours or theirs):
        return FieldComparison(name, ours, theirs, NOT_GIVEN)
    match = matching.match_address((msa_request.street, msa_request.unit), (record.street, record.unit))
    mine = [reason for reason in match.reasons if (reason in _UNIT_REASONS) == (name == "unit")]
    if match.verdict == Verdict.DIFFERENT and mine:
        return FieldComparison(name, ours, theirs, Verdict.DIFFERENT.value, tuple(reason.value for reason in mine))
    if matching.is_same_surface(ours, theirs):
        return FieldComparison(name, ours, theirs, Verdict.EQUAL.value)
    why = Reason.UNIT_FORM if name == "unit" else Reason.ABBREVIATION
    reasons = _codes(match) if match.agrees and name == "street" else (why.value,)
    return FieldComparison(name, ours, theirs, Verdict.EQUIVALENT.value, reasons or (why.value,))


def _codes(match: Match) -> tuple[str, ...]:
    return tuple(reason.value for reason in match.reasons)


# --- What is stored


def _stored(msa_request: MSARequest) -> Comparison:
    """Judged again, with the record's values as they were, where a fact changed; unknown for another account."""
    kept = _row(msa_request)
    if kept is None or kept.checked_at is None:
        return _NOTHING_KNOWN
    fields = tuple(FieldComparison(**field | {"reasons": tuple(field["reasons"])}) for field in kept.fields)
    if is_stale(kept, msa_request):
        if not _is_of_account(kept, msa_request):
            return _NOTHING_KNOWN
        return beside(msa_request, _record_of(fields) if kept.has_account else None, at=kept.checked_at)
    return Comparison(has_account=kept.has_account, fields=fields, checked_at=kept.checked_at)


def _row(msa_request: MSARequest) -> RecordComparison | None:
    try:
        return msa_request.record_comparison
    except ObjectDoesNotExist:
        return None


def is_stale(kept: RecordComparison, msa_request: MSARequest) -> bool:
    """A compared fact is another than the one that was judged."""
    return any(getattr(msa_request, field["field"]) != field["ours"] for field in kept.fields)


def _is_of_account(kept: RecordComparison, msa_request: MSARequest) -> bool:
    asked = next((field["ours"] for field in kept.fields if field["field"] == "account_number"), "")
    return letters_and_digits(asked) == letters_and_digits(msa_request.account_number)


def _record_of(fields: tuple[FieldComparison, ...]) -> Record:
    theirs = {field.field: field.theirs for field in fields}
    return Record(**{_COMPARED[name]: value for name, value in theirs.items()})


_KEPT = [field.name for field in RecordComparison._meta.concrete_fields if field.name not in {"id", "msa_request"}]


def _keep(msa_request: MSARequest, *, by: User | None, **values: Any) -> None:
    """The request's one row, made or replaced, in one statement."""
    row = RecordComparison(msa_request=msa_request, tried_at=timezone.now(), checked_by=by, **values)
    RecordComparison.objects.bulk_create(
        [row], update_conflicts=True, unique_fields=["msa_request"], update_fields=_KEPT
    )


# --- Asking the record


def can_be_checked(msa_request: MSARequest) -> bool:
    """Number, name and ZIP are there, and nobody has looked since they changed."""
    return msa_request.record_check == RecordCheck.NOT_YET and all(
        getattr(msa_request, name) for name in IDENTIFYING_FIELDS
    )


def check(msa_request: MSARequest, *, by: User, address: str = "") -> RecordCheck:
    """Look the account up for a customer or agent. A record out of reach is asked again by the timer.

    Raises `Refused` where that person, or that network address, has tried too many accounts.
    """
    permissions.check_acts_for(by, msa_request)
    _throttle(msa_request, by=by, address=address)
    return _ask(msa_request, by=by)


def check_now(msa_request: MSARequest, *, by: User | None) -> RecordCheck:
    """Look the account up for staff, or, with `by` None, for the timer."""
    if by is not None and not by.has_perm("requests_app.screen_msarequest"):
        raise Refused(_("Only program staff compare a request with the record."), code="not_allowed")
    return _ask(msa_request, by=by)


def due() -> models.QuerySet[MSARequest]:
    """What the timer asks about: checks put off, and requests that staff screen without a comparison.

    A draft that nobody checked is not among them: asking about it counts against its author's limit.
    """
    waits = models.Q(record_check=RecordCheck.LATER) | models.Q(
        models.Q(record_check=RecordCheck.NOT_YET) | models.Q(record_comparison__isnull=True),
        status__in=enums.SCREENABLE,
    )
    order = models.F("record_comparison__tried_at").asc(nulls_first=True)
    return MSARequest.objects.open().filter(waits).exclude(account_number="").order_by(order, "pk")


def run_due(limit: int = 200) -> int:
    """Ask for what is due; ends early where the service is known to be down. Returns how many were compared."""
    compared = 0
    for msa_request in due()[:limit]:
        check_now(msa_request, by=None)
        kept = RecordComparison.objects.filter(msa_request=msa_request).first()
        if kept is not None and kept.failure == "breaker_open":
            break
        compared += kept is not None and not kept.failure
    return compared


def _ask(msa_request: MSARequest, *, by: User | None) -> RecordCheck:
    """Ask without a transaction, then store what was learned of the facts as they were asked about.

    Facts that changed meanwhile get no answer of this one: they are asked about anew.
    """
    try:
        record = sources.configured().lookup(msa_request.account_number)
    except OutOfReach as error:
        _put_off(msa_request, error.code[:40], by=by)
    else:
        _store(msa_request, record, by=by)
    msa_request._state.fields_cache.pop("record_comparison", None)
    return RecordCheck(msa_request.record_check)


def _as_asked(msa_request: MSARequest) -> models.QuerySet[MSARequest]:
    """The row, where it has the facts that were asked about: to be updated in one statement, which locks it."""
    return MSARequest.objects.filter(
        pk=msa_request.pk, version=msa_request.version, account_number=msa_request.account_number
    )


def _store(msa_request: MSARequest, record: Record | None, *, by: User | None) -> None:
    compared = beside(msa_request, record, at=timezone.now())
    is_same = compared.result == RecordCheck.MATCHES
    account_id = record.pk if is_same and isinstance(record, ImportedRecord) else None
    with transaction.atomic():
        if not _as_asked(msa_request).update(record_check=compared.result, service_account_id=account_id):
            return
        _keep(
            msa_request,
            by=by,
            state=ComparisonState.COMPARED,
            has_account=compared.has_account,
            fields=[asdict(field) for field in compared.fields],
            checked_at=compared.checked_at,
        )
    msa_request.record_check, msa_request.service_account_id = compared.result, account_id


def _put_off(msa_request: MSARequest, failure: str, *, by: User | None) -> None:
    """No answer: what was learned of this account before stays, and nobody is kept waiting."""
    check = (
        RecordCheck.LATER if msa_request.record_check == RecordCheck.NOT_YET else RecordCheck(msa_request.record_check)
    )
    with transaction.atomic():
        if not _as_asked(msa_request).update(record_check=check):
            return
        kept = RecordComparison.objects.filter(msa_request=msa_request).first()
        if kept is not None and kept.checked_at and _is_of_account(kept, msa_request):
            kept.failure, kept.tried_at = failure, timezone.now()
            kept.save(update_fields=["failure", "tried_at"])
        else:
            _keep(msa_request, by=by, state=ComparisonState.WAITS, failure=failure)
    msa_request.record_check = check


def _throttle(msa_request: MSARequest, *, by: User, address: str) -> None:
    """Each new combination of number, name and ZIP counts; the same one again does not."""
    name = " ".join(sorted(matching.plain(msa_request.customer_name).split()))
    tried = "|".join([letters_and_digits(msa_request.account_number), name, msa_request.zip_code])
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
