"""The utility's system of record, wherever it is: the imported table, or a service (docs/operations.md)."""

from __future__ import annotations

from django.conf import settings

from requests_app.utility_records.sources.base import CustomerRecords, OutOfReach, Record
from requests_app.utility_records.sources.imported import ImportedRecord, ImportedRecords
from requests_app.utility_records.sources.service import RecordService

__all__ = [
    "CustomerRecords",
    "ImportedRecord",
    "ImportedRecords",
    "OutOfReach",
    "Record",
    "RecordService",
    "configured",
]


def configured() -> CustomerRecords:
    """The service where `CUSTOMER_RECORDS_URL` names one, else the imported table."""
    if settings.CUSTOMER_RECORDS_URL:
        return RecordService(settings.CUSTOMER_RECORDS_URL, settings.CUSTOMER_RECORDS_KEY)
    return ImportedRecords()
