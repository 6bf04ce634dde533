"""What is exported is harmless in a spreadsheet (fault 51)."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

import pytest

from msa_portal.csv_export import harmless, lines


@pytest.mark.parametrize(
    "text",
    [
        '=HYPERLINK("http://evil.example/","Click")',
        "+1+1",
        "-2+3+cmd|' /C calc'!A0",
        "@SUM(1+9)*cmd|' /C calc'!A0",
        "  =1+1",
        "\t=1+1",
        "\r=1+1",
        "\n=1+1",
        "\x00=1+1",
        "\u200b=1+1",
        "\ufeff=1+1",
        "\u00a0=1+1",
        '"=1+1',
        "'=1+1",
        "＝1+1",  # full width is meant
        " =1+1",
        "|calc",
        "%0A=1",
    ],
)
def test_text_that_could_compute_is_quoted(text: str) -> None:
    assert harmless(text).startswith("'")


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (-5, "-5"),
        (Decimal("-279.22"), "-279.22"),
        ("12 Oak Avenue, Monrovia, CA 91016", "12 Oak Avenue, Monrovia, CA 91016"),
        ("O'Neill", "O'Neill"),
        ("Zoë", "Zoë"),
        (True, "True"),
        ("two\r\nlines", "two  lines"),
        ("safe\u202eexe.csv", "safe exe.csv"),
    ],
)
def test_other_values_read_as_they_are(value: Any, cell: str) -> None:
    assert harmless(value) == cell


def test_file_reads_back_row_by_row() -> None:
    rows = [["=1+1", 'say "hi", Bob', Decimal("-1.50")], ["a", None, 3]]
    text = "".join(lines(["what", "who", "amount"], rows))
    assert text.startswith("\ufeff")
    read = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert read == [["what", "who", "amount"], ["'=1+1", 'say "hi", Bob', "-1.50"], ["a", "", "3"]]


def test_rows_are_taken_one_at_a_time() -> None:
    taken: list[int] = []

    def rows() -> Any:
        for number in range(3):
            taken.append(number)
            yield [number]

    out = lines(["n"], rows())
    next(out)
    assert taken == []
    next(out)
    assert taken == [0]
