"""The photos of a visit, as the pages and messages of a request show them.

This app may not import field work, which keeps them: it registers, when it is ready, how to find them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from requests_app.models import VisitRound


@dataclass(frozen=True)
class ShownPhoto:
    """For whoever may see the request: a small copy to show, and the file to keep (fault 31).

    Where the technician drew on it, both are the copy with the marks. `reason` is the id of the reason that it
    shows; None where it shows none in particular.
    """

    number: int
    small_url: str
    url: str
    reason: int | None = None


type Source = Callable[[VisitRound], Iterable[ShownPhoto]]

_sources: list[Source] = []


def register(source: Source) -> None:
    if source not in _sources:
        _sources.append(source)


def of(visit: VisitRound) -> list[ShownPhoto]:
    """What the accepted report of that visit shows, in the order that it was taken."""
    return [photo for source in _sources for photo in source(visit)]
