"""Whether what a request says and what the record says are the same: pure functions, one for each kind of field.

Measured over the labelled pairs of tests/requests_app/utility_records/README.md, which also says what counts as what.
"""

from requests_app.utility_records.matching.addresses import match_address, split_unit
from requests_app.utility_records.matching.codes import (
    letters_and_digits,
    match_account_number,
    match_meter_kind,
    match_meter_number,
    match_service_class,
    read_meter_kind,
    read_service_class,
)
from requests_app.utility_records.matching.match import Match, Reason, Verdict
from requests_app.utility_records.matching.names import match_name
from requests_app.utility_records.matching.words import is_same_surface, match_words, plain

__all__ = [
    "Match",
    "Reason",
    "Verdict",
    "is_same_surface",
    "letters_and_digits",
    "match_account_number",
    "match_address",
    "match_meter_kind",
    "match_meter_number",
    "match_name",
    "match_service_class",
    "match_words",
    "plain",
    "read_meter_kind",
    "read_service_class",
    "split_unit",
]
