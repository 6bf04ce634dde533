"""Which days the board shows, and which lanes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal
from urllib.parse import urlencode

from msa_portal.business_days import calendar

View = Literal["day", "week"]
DAYS_OF_A_WEEK = 7


@dataclass(frozen=True)
class Span:
    """A day, or Monday to Sunday; `technician` where one lane alone is shown."""

    view: View
    on: date
    technician: int | None = None

    @property
    def from_on(self) -> date:
        return self.on - timedelta(days=self.on.weekday()) if self.view == "week" else self.on

    @property
    def until_on(self) -> date:
        return self.from_on + timedelta(days=DAYS_OF_A_WEEK - 1) if self.view == "week" else self.on

    @property
    def before(self) -> Span:
        return Span(
            self.view, self.from_on - timedelta(days=DAYS_OF_A_WEEK if self.view == "week" else 1), self.technician
        )

    @property
    def after(self) -> Span:
        return Span(self.view, self.until_on + timedelta(days=1), self.technician)

    @property
    def other(self) -> Span:
        """The same days in the other view."""
        return Span("day" if self.view == "week" else "week", self.on, self.technician)

    @property
    def query(self) -> str:
        values: dict[str, object] = {"view": self.view, "on": self.on.isoformat()}
        return urlencode(values | ({"technician": self.technician} if self.technician else {}))


def of_query(values: Mapping[str, str], *, today: date) -> Span:
    """As the address says; what it does not say, or says wrongly, is the week of the next business day."""
    view: View = "day" if values.get("view") == "day" else "week"
    try:
        on = date.fromisoformat(values.get("on", ""))
    except ValueError:
        days = calendar.load()
        on = today if days.is_business_day(today) else days.add(today, 1)
    technician = values.get("technician", "")
    return Span(view, on, int(technician) if technician.isdecimal() else None)
