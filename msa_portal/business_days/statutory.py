"""California's state holidays, as the first fill of the closure days (D7).

Government Code 6700 names more days than offices close on: Lincoln Day, Admission Day, Native
American Day, Columbus Day, Juneteenth and the days of remembrance are on its list while the
state's offices stay open (19853 gives no day off for them; Juneteenth can be taken as one's
personal day). A technician can be sent out on those, so they are business days here. What the
utility does otherwise, staff enter.

The `holidays` package knows the dates. It also knows federal substitutes, which are not
California's: 6701 moves a holiday from Sunday to Monday, and from Saturday to Friday only
Veterans Day.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import holidays

CLOSED_ON = (
    "New Year's Day",
    "Martin Luther King Jr. Day",
    "Presidents' Day",
    "Cesar Chavez Day",
    "Memorial Day",
    "Independence Day",
    "Labor Day",
    "Veterans Day",
    "Thanksgiving Day",
    "Day After Thanksgiving",
    "Christmas Day",
)
_SATURDAY, _SUNDAY = 5, 6


def closure_days(year: int) -> dict[date, str]:
    """The weekdays of that year on which the state's offices are closed, with their names."""
    return dict(_weekdays(year))


def _weekdays(year: int) -> Iterator[tuple[date, str]]:
    calendar = holidays.country_holidays("US", subdiv="CA", years=year, observed=False)
    for day in sorted(calendar):
        for name in set(calendar.get_list(day)) & set(CLOSED_ON):
            if day.weekday() == _SUNDAY:
                yield day + timedelta(days=1), f"{name} (observed)"
            elif day.weekday() == _SATURDAY and name == "Veterans Day":
                yield day - timedelta(days=1), f"{name} (observed)"
            elif day.weekday() < _SATURDAY:
                yield day, name
