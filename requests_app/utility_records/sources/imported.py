"""The table that `import_service_accounts` fills."""

from __future__ import annotations

from dataclasses import dataclass, fields

from requests_app.models import ServiceAccount
from requests_app.utility_records.matching import letters_and_digits
from requests_app.utility_records.sources.base import Record


@dataclass(frozen=True)
class ImportedRecord(Record):
    """`pk` is the row's."""

    pk: int


class ImportedRecords:
    is_remote = False

    def lookup(self, account_number: str) -> ImportedRecord | None:
        number = letters_and_digits(account_number)
        columns = [field.name for field in fields(ImportedRecord)]
        account = ServiceAccount.objects.filter(account_number=number).values(*columns).first() if number else None
        return ImportedRecord(**account) if account else None
