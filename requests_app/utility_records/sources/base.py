"""What every system of record can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Record:
    """A service account as the utility has it. Class and kind are in the record's own words."""

    account_number: str
    name: str
    street: str
    unit: str
    city: str
    zip_code: str
    meter_number: str
    service_class: str
    meter_kind: str


class OutOfReach(Exception):
    """The record cannot be asked now; `code` says why, for operators. Nothing is known of the account."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class CustomerRecords(Protocol):
    """`is_remote`: asking takes time and can fail, so it is done neither in a transaction nor for a page of staff."""

    is_remote: bool

    def lookup(self, account_number: str) -> Record | None:
        """The account of that number, however it is written; None where there is none. Raises `OutOfReach`."""
