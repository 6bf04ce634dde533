"""Which device a visit was about: the request names the one of today."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from requests_app.enums import FollowUpKind
from requests_app.models import FollowUp


@dataclass(frozen=True)
class Devices:
    """For each request its Modification Requests, by the number of the visit that they lead to: what was there before."""

    changes: dict[int, list[tuple[int, int | None]]]

    def of(self, msa_request: int, number: int, now: int | None) -> int | None:
        """The id of the device of that request's visit; `now` is the one that the request names today.

        The first change after the visit says it. One that was taken back says the same.
        """
        return next((device for leads_to, device in self.changes.get(msa_request, ()) if leads_to > number), now)


def load() -> Devices:
    """One query."""
    by_request: dict[int, list[tuple[int, int | None]]] = defaultdict(list)
    changes = FollowUp.objects.filter(kind=FollowUpKind.MODIFY).order_by("round__number")
    for msa_request, number, device in changes.values_list("msa_request_id", "round__number", "old_device_id"):
        by_request[msa_request].append((number, device))
    return Devices(by_request)
