"""What a service raises when it will not do something that a person asked for."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """A refusal that a person reads: what happened, and what to do next.

    `code` is stable, for programs; `fields` maps field names to messages where the refusal
    belongs to what was typed.
    """

    def __init__(self, message: Any, *, code: str, fields: dict[str, Any] | None = None) -> None:
        super().__init__(str(message))
        self.message = message
        self.code = code
        self.fields = fields or {}


class Stale(Refused):
    """The caller's picture was old: the message says what happened meanwhile, and by whom."""
