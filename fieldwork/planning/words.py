"""What plans and boards break, and what re-planning moved, as sentences for dispatchers. Codes are stored, words are not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fieldwork.models import SiteVisit, Technician
from msa_portal import formats

if TYPE_CHECKING:
    from fieldwork.schedule.technician_days import Key, Times

# By the code of what is broken: the engine's, and `lanes`' own; %(visit)s is the order and its address.
BREAKS = {
    "absent": gettext_lazy("%(technician)s does not work on %(day)s."),
    "no_shift": gettext_lazy("%(technician)s does not work on %(day)s."),
    "too_early": gettext_lazy("%(technician)s's %(day)s begins before working hours."),
    "too_late": gettext_lazy("%(technician)s's %(day)s ends after working hours."),
    "most_work": gettext_lazy("%(technician)s's %(day)s holds more driving and work than a day may."),
    "window": gettext_lazy("%(visit)s begins outside its half day (%(technician)s, %(day)s)."),
    "skill": gettext_lazy("%(technician)s lacks a skill that %(visit)s needs."),
    "district": gettext_lazy("%(visit)s is outside %(technician)s's districts."),
    "twice": gettext_lazy("%(visit)s is planned twice."),
    "missing": gettext_lazy("%(visit)s was forgotten."),
    "unknown_visit": gettext_lazy("%(visit)s was not to be planned."),
    "commitment": gettext_lazy("%(visit)s is fixed at another time or with another technician."),
    "driving": gettext_lazy("%(technician)s's %(day)s reckons with driving that is not the road's."),
    "work": gettext_lazy("%(visit)s is cut short (%(technician)s, %(day)s)."),
    "unsuitable": gettext_lazy("The customer said that %(day)s does not suit: %(visit)s."),
    "after_due": gettext_lazy("%(visit)s is due before %(day)s."),
}
_OTHER = gettext_lazy("%(visit)s breaks a rule on %(day)s (%(code)s).")


def sentence(code: str, *, technician: str, on: date | None, visit: str) -> str:
    """What is broken, for a dispatcher. Without a day: on one of the days."""
    day = formats.day(on) if on else _("one of the days")
    values = {"technician": technician, "day": day, "visit": visit, "code": code}
    return str(BREAKS.get(code, _OTHER)) % values


def breaks(times: Mapping[Key, Times]) -> tuple[str, ...]:
    """What these lanes break, each once."""
    pks = {fault.visit for lane in times.values() for fault in lane.breaks if fault.visit is not None}
    visits = names_of_visits(pks)
    technicians = names_of_technicians(key[0] for key, lane in times.items() if lane.breaks)
    sentences = [
        sentence(
            fault.code, technician=technicians[key[0]], on=key[1], visit=visits.get(fault.visit or 0, _("A visit"))
        )
        for key, lane in times.items()
        for fault in lane.breaks
    ]
    return tuple(dict.fromkeys(sentences))


def names_of_visits(pks: Iterable[int]) -> dict[int, str]:
    """Order and address of each."""
    rows = SiteVisit.objects.filter(pk__in=list(pks)).select_related("order__round__msa_request")
    return {row.pk: f"{row.order} ({row.order.round.msa_request.full_address})" for row in rows}


def names_of_technicians(pks: Iterable[int]) -> dict[int, str]:
    rows = Technician.objects.filter(pk__in=list(pks)).select_related("user")
    return {row.pk: str(row) for row in rows}
