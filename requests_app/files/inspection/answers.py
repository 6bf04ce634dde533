from __future__ import annotations

from typing import Any

_A_LINE = 80


class NotTaken(Exception):
    """`code`, and details that the words may need."""

    def __init__(self, code: str, **details: Any) -> None:
        super().__init__(code)
        self.answer = {"refused": code} | details


def one_line(value: Any) -> str:
    """Printable text of at most 80 characters; empty for anything else."""
    if isinstance(value, bytes):
        value = value.decode("ascii", "ignore")
    if not isinstance(value, str):
        return ""
    return "".join(letter for letter in value if letter.isprintable()).strip()[:_A_LINE]
