"""manage.py import_service_accounts: all of a file, or nothing."""

from __future__ import annotations

from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from requests_app.models import ServiceAccount
from requests_app.utility_records import importing

pytestmark = pytest.mark.django_db
HEADER = "account_number,name,street,unit,city,zip_code,meter_number,service_class,meter_kind"
ALICE = "7001234567,Alice Sample,12 Oak Street,,Monrovia,91016,M-1,residential,self_contained"
BOB = "7001234568,Bob Sample,14 Oak Street,2,Monrovia,91016,,commercial,instrument_rated"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "accounts.csv"


def run(file: Path, *rows: str, dry_run: bool = False) -> str:
    file.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    out = StringIO()
    call_command("import_service_accounts", str(file), dry_run=dry_run, stdout=out)
    return out.getvalue().strip()


def refusal(file: Path) -> tuple[str, list[str]]:
    err = StringIO()
    with pytest.raises(CommandError) as refused:
        call_command("import_service_accounts", str(file), stderr=err)
    return str(refused.value), err.getvalue().splitlines()


def errors_of(file: Path, *rows: str) -> list[str]:
    file.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    _message, errors = refusal(file)
    assert not ServiceAccount.objects.exists()
    return errors


def test_creates_updates_and_leaves_alone(file: Path):
    assert run(file, ALICE, BOB) == "2 accounts were created, 0 updated, 0 are unchanged."
    moved = ALICE.replace("12 Oak", "99 Elm")
    carol = BOB.replace("4568", "4569")
    assert run(file, moved, BOB, carol) == "1 accounts were created, 1 updated, 1 are unchanged."
    assert ServiceAccount.objects.get(account_number="7001234567").street == "99 Elm Street"


def test_account_that_the_file_does_not_name_stays(file: Path):
    run(file, ALICE, BOB)
    run(file, ALICE)
    assert ServiceAccount.objects.count() == 2


def test_each_change_stands_in_the_history(file: Path):
    run(file, ALICE)
    run(file, ALICE.replace("12 Oak", "99 Elm"))
    run(file, ALICE.replace("12 Oak", "99 Elm"))
    history = ServiceAccount.objects.get().history.order_by("history_id")
    assert [(row.history_type, row.history_change_reason, row.street) for row in history] == [
        ("+", "Import", "12 Oak Street"),
        ("~", "Import", "99 Elm Street"),
    ]


def test_number_is_stored_as_it_is_looked_up(file: Path):
    run(file, ALICE.replace("7001234567", " 7-001 234567 "))
    assert ServiceAccount.objects.get().account_number == "7001234567"


def test_dry_run_changes_nothing_and_says_what_it_would_do(file: Path):
    assert run(file, ALICE, dry_run=True) == "1 accounts would be created, 0 updated, 0 are unchanged."
    assert not ServiceAccount.objects.exists()


def test_columns_stand_in_any_order_behind_a_byte_order_mark(file: Path):
    head, row = HEADER.split(","), ALICE.split(",")
    file.write_text("\n".join([",".join(reversed(head)), ",".join(reversed(row))]), encoding="utf-8-sig")
    call_command("import_service_accounts", str(file), stdout=StringIO())
    assert ServiceAccount.objects.get().name == "Alice Sample"


def test_every_error_is_told_by_row_and_column_and_nothing_is_imported(file: Path):
    bad = "12,,12 Oak Street,,Monrovia,9101,M-1,home,self_contained"
    assert errors_of(file, ALICE, "", bad, ALICE, "1,2") == [
        "Row 4, column account_number: Must be 4 to 20 letters and digits.",
        "Row 4, column name: Must not be empty.",
        "Row 4, column zip_code: Must be five digits.",
        "Row 4, column service_class: Value 'home' is not a valid choice.",
        "Row 5, column account_number: Row 2 has the same number.",
        "Row 6, column -: There are 2 cells, the header has 9.",
    ]


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("Alice", "x" * 121, "name: Ensure this value has at most 120 characters (it has 128)."),
        ("Alice", "A\x00", "name: Use letters, digits and punctuation on one line only."),
        ("91016", "٩١٠١٦", "zip_code: Must be five digits."),
        ("Alice Sample", '"Alice\r\nBcc: x"', "name: Use letters, digits and punctuation on one line only."),
    ],
)
def test_value_that_no_record_can_have_is_an_error(file: Path, old: str, new: str, error: str):
    assert errors_of(file, ALICE.replace(old, new)) == [f"Row 2, column {error}"]


def test_error_in_the_last_batch_leaves_nothing_of_the_first(file: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importing, "_BATCH", 1)
    written = importing.bulk_create_with_history

    def second_fails(accounts: list[ServiceAccount], *args: object, **kwargs: object) -> object:
        if any(account.name == "Bob Sample" for account in accounts):
            raise RuntimeError("the connection is gone")
        return written(accounts, *args, **kwargs)

    monkeypatch.setattr(importing, "bulk_create_with_history", second_fails)
    with pytest.raises(RuntimeError):
        run(file, ALICE, BOB)
    assert not ServiceAccount.objects.exists()


def test_errors_beyond_the_limit_are_counted(file: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importing, "MOST_ERRORS_KEPT", 2)
    assert errors_of(file, *(["1,2"] * 5))[-1] == "… and 3 more."


def test_file_that_is_not_there(file: Path):
    message, _errors = refusal(file)
    assert message == f"{file} cannot be read: No such file or directory."


def test_wrong_header_names_what_is_missing_and_what_is_not_known(file: Path):
    file.write_text(HEADER.replace("unit,", "flat,") + ",name\n" + ALICE, encoding="utf-8")
    assert refusal(file)[0] == (
        "The first line must name the columns. Missing: unit. Not known, or twice: name, flat."
    )


@pytest.mark.parametrize("content", [b"", b"\n"])
def test_empty_file_has_no_header(file: Path, content: bytes):
    file.write_bytes(content)
    assert refusal(file)[0].startswith("The first line must name the columns.")


def test_other_encoding_is_named(file: Path):
    file.write_bytes((HEADER + "\n" + ALICE.replace("Alice", "José")).encode("latin-1"))
    assert refusal(file)[0] == f"{file} is not in UTF-8 (byte 0xe9). Save it as “CSV UTF-8” and try again."


def test_file_that_is_no_csv(file: Path):
    file.write_text(HEADER + '\n"7001234567"x,Alice', encoding="utf-8")
    assert "is no CSV file" in refusal(file)[0]


def test_queries_do_not_grow_within_a_batch(file: Path):
    counts = []
    for first, number in ((0, 1), (100, 40)):
        rows = [ALICE.replace("7001234567", f"7001{n:06}") for n in range(first, first + number)]
        with CaptureQueriesContext(connection) as queries:
            run(file, *rows)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def run_with_positions(file: Path, *rows: str) -> str:
    file.write_text("\n".join([f"{HEADER},latitude,longitude", *rows]) + "\n", encoding="utf-8")
    out = StringIO()
    call_command("import_service_accounts", str(file), stdout=out)
    return out.getvalue().strip()


def positions() -> list[tuple[Decimal | None, Decimal | None]]:
    return list(ServiceAccount.objects.order_by("account_number").values_list("latitude", "longitude"))


def test_position_is_read_where_the_file_has_it(file: Path):
    run_with_positions(file, f"{ALICE},34.142508,-117.998112", f"{BOB},,")
    assert positions() == [(Decimal("34.142508"), Decimal("-117.998112")), (None, None)]
    again = "0 accounts were created, 0 updated, 2 are unchanged."
    assert run_with_positions(file, f"{ALICE},34.1425080,-117.998112", f"{BOB},,") == again


def test_file_without_positions_leaves_them_and_an_empty_cell_takes_them_away(file: Path):
    run_with_positions(file, f"{ALICE},34.142508,-117.998112")
    run(file, ALICE.replace("12 Oak", "99 Elm"))
    assert positions() == [(Decimal("34.142508"), Decimal("-117.998112"))]
    run_with_positions(file, f"{ALICE},,")
    assert positions() == [(None, None)]


@pytest.mark.parametrize(
    ("cells", "error"),
    [
        ("91,-117", "latitude: Must be degrees from -90 to 90, such as 34.142508."),
        ("34,-181", "longitude: Must be degrees from -180 to 180, such as 34.142508."),
        ("NaN,-117", "latitude: Must be degrees from -90 to 90, such as 34.142508."),
        ("1e1,-117", "latitude: Must be degrees from -90 to 90, such as 34.142508."),
        ("34.1,", "longitude: Give both latitude and longitude, or leave both empty."),
    ],
)
def test_position_that_is_none_is_an_error(file: Path, cells: str, error: str):
    file.write_text(f"{HEADER},latitude,longitude\n{ALICE},{cells}\n", encoding="utf-8")
    _message, errors = refusal(file)
    assert (errors, ServiceAccount.objects.count()) == ([f"Row 2, column {error}"], 0)


def test_one_of_the_two_columns_is_not_enough(file: Path):
    file.write_text(f"{HEADER},latitude\n{ALICE},34.1\n", encoding="utf-8")
    message, _errors = refusal(file)
    assert message == "The first line must name the columns. Missing: longitude. Not known, or twice: -."
