"""The import of the utility's system of record (docs/service-accounts.md): all of a file, or nothing."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import batched
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from msa_portal.errors import Refused
from msa_portal.validators import one_line
from requests_app.models import ServiceAccount

COLUMNS = (
    "account_number",
    "name",
    "street",
    "unit",
    "city",
    "zip_code",
    "meter_number",
    "service_class",
    "meter_kind",
)
# Where the meter is, in degrees (WGS 84): both columns or neither. A file without them leaves known positions alone.
POSITION = ("latitude", "longitude")
_MAY_BE_EMPTY = frozenset({"unit", "meter_number", *POSITION})
_MOST_DEGREES = {"latitude": 90, "longitude": 180}
_MICRO = Decimal("0.000001")
_PLAIN_FIGURE = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{1,20})?")
_BATCH = 500
MOST_ERRORS_KEPT = 200

_PATTERNS = {
    "account_number": RegexValidator(r"^[0-9A-Z]{4,20}\Z", gettext_lazy("Must be 4 to 20 letters and digits.")),
    "zip_code": RegexValidator(r"^[0-9]{5}\Z", gettext_lazy("Must be five digits.")),
}


@dataclass(frozen=True)
class RowError:
    """`row` counts the lines of the file as a spreadsheet does: the header is row 1."""

    row: int
    column: str
    message: str

    def __str__(self) -> str:
        return _("Row %(row)s, column %(column)s: %(message)s") % vars(self)


class BadFile(Refused):
    """The file was refused, and nothing of it was imported; `count` is the number of all its errors."""

    def __init__(self, message: str, errors: Iterable[RowError] = (), count: int = 0) -> None:
        super().__init__(message, code="bad_file")
        self.errors = tuple(errors)
        self.count = count


@dataclass
class Report:
    created: int = 0
    updated: int = 0
    unchanged: int = 0


@dataclass
class _Reading:
    """What was read so far: good rows by account number, the row of each number, and errors."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    first_row: dict[str, int] = field(default_factory=dict)
    errors: list[RowError] = field(default_factory=list)
    error_count: int = 0

    def complain(self, row: int, column: str, message: Any) -> None:
        self.error_count += 1
        if len(self.errors) < MOST_ERRORS_KEPT:
            self.errors.append(RowError(row, column, str(message)))


def import_service_accounts(path: Path, *, dry_run: bool = False) -> Report:
    """Create and update the service accounts of a file, in one transaction.

    Accounts are known by their number. Those that the file does not name are left as they are.
    Raises `BadFile`, with every error up to a limit, and changes nothing then. With `dry_run` the
    report says what would happen.
    """
    rows = read(path)
    with transaction.atomic():
        report = _write(rows)
        if dry_run:
            transaction.set_rollback(True)
    return report


def read(path: Path) -> list[dict[str, Any]]:
    """The file's rows, checked and cleaned, or `BadFile`."""
    reading = _Reading()
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            _read_rows(csv.reader(lines, strict=True), reading)
    except OSError as error:
        raise BadFile(_("%(path)s cannot be read: %(why)s.") % {"path": path, "why": error.strerror}) from error
    except UnicodeDecodeError as error:
        raise BadFile(_encoding_message(path, error)) from error
    except csv.Error as error:
        raise BadFile(_("%(path)s is no CSV file: %(why)s.") % {"path": path, "why": error}) from error
    if reading.error_count:
        message = _("%(path)s has %(count)s errors. Nothing was imported.")
        raise BadFile(message % {"path": path, "count": reading.error_count}, reading.errors, reading.error_count)
    return reading.rows


def _encoding_message(path: Path, error: UnicodeDecodeError) -> str:
    return _("%(path)s is not in UTF-8 (byte 0x%(byte)02x). Save it as “CSV UTF-8” and try again.") % {
        "path": path,
        "byte": error.object[error.start],
    }


def _read_rows(lines: Any, reading: _Reading) -> None:
    header = [name.strip() for name in next(lines, [])]
    _check_header(header)
    for row, cells in enumerate(lines, 2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            message = _("There are %(found)s cells, the header has %(wanted)s.")
            reading.complain(row, "-", message % {"found": len(cells), "wanted": len(header)})
            continue
        _read_row(dict(zip(header, cells, strict=True)), row, reading)


def _check_header(header: list[str]) -> None:
    wanted = COLUMNS + (POSITION if set(header) & set(POSITION) else ())
    if sorted(header) != sorted(wanted):
        missing = ", ".join(name for name in wanted if name not in header) or "-"
        extra = (
            ", ".join(dict.fromkeys(name for name in header if name not in wanted or header.count(name) > 1)) or "-"
        )
        raise BadFile(
            _("The first line must name the columns. Missing: %(missing)s. Not known, or twice: %(extra)s.")
            % {"missing": missing, "extra": extra}
        )


def _read_row(cells: dict[str, str], row: int, reading: _Reading) -> None:
    values = {name: _clean(name, cell) for name, cell in cells.items()}
    wrong = [(name, message) for name, value in values.items() for message in _errors_of(name, value)]
    wrong += _half_a_position(values)
    for name, message in wrong:
        reading.complain(row, name, message)
    number = values["account_number"]
    if earlier := reading.first_row.get(number):
        reading.complain(row, "account_number", _("Row %(row)s has the same number.") % {"row": earlier})
    elif number:
        reading.first_row[number] = row
    if not wrong:
        reading.rows.append(values | {name: _degrees(values[name]) for name in POSITION if name in values})


def _clean(name: str, cell: str) -> str:
    """Numbers are stored as they are looked up: letters and digits, upper case."""
    text = cell.strip()
    if name == "account_number":
        return text.replace(" ", "").replace("-", "").upper()
    return text.lower() if name in {"service_class", "meter_kind"} else text


def _half_a_position(values: dict[str, str]) -> Iterator[tuple[str, str]]:
    empty = [name for name in POSITION if not values.get(name, "")]
    if len(empty) == 1 and empty[0] in values:
        yield empty[0], _("Give both latitude and longitude, or leave both empty.")


def _degrees(value: str) -> Decimal | None:
    return Decimal(value).quantize(_MICRO) if value else None


def _errors_of(name: str, value: str) -> Iterator[str]:
    if not value:
        if name not in _MAY_BE_EMPTY:
            yield _("Must not be empty.")
        return
    if name in POSITION:
        if not _is_degrees(value, _MOST_DEGREES[name]):
            most = _MOST_DEGREES[name]
            yield _("Must be degrees from %(least)s to %(most)s, such as 34.142508.") % {"least": -most, "most": most}
        return
    column: Any = ServiceAccount._meta.get_field(name)
    pattern = [_PATTERNS[name]] if name in _PATTERNS else []
    try:
        column.validate(value, None)
        for check in (*pattern, *column.validators, one_line):
            check(value)
    except ValidationError as error:
        yield from error.messages[:1]


def _is_degrees(value: str, most: int) -> bool:
    """A plain decimal figure: no exponent, no `NaN`, no other script's digits."""
    return bool(_PLAIN_FIGURE.fullmatch(value)) and abs(Decimal(value)) <= most


def _write(rows: list[dict[str, Any]]) -> Report:
    report, now = Report(), timezone.now()
    values = [name for name in (rows[0] if rows else {}) if name != "account_number"]
    for batch in batched(rows, _BATCH, strict=False):
        numbers = [row["account_number"] for row in batch]
        stored = {
            account.account_number: account
            for account in ServiceAccount.objects.select_for_update().filter(account_number__in=numbers)
        }
        new = [ServiceAccount(**row, imported_at=now) for row in batch if row["account_number"] not in stored]
        changed = [account for row in batch if (account := _changed(stored.get(row["account_number"]), row))]
        for account in changed:
            account.imported_at = now
        bulk_create_with_history(new, ServiceAccount, default_change_reason="Import")
        bulk_update_with_history(changed, ServiceAccount, [*values, "imported_at"], default_change_reason="Import")
        report.created += len(new)
        report.updated += len(changed)
        report.unchanged += len(batch) - len(new) - len(changed)
    return report


def _changed(account: ServiceAccount | None, row: dict[str, Any]) -> ServiceAccount | None:
    """The account with the row's values, where they differ from its own."""
    if account is None or all(getattr(account, name) == value for name, value in row.items()):
        return None
    for name, value in row.items():
        setattr(account, name, value)
    return account
