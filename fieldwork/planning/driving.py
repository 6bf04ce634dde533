"""Driving times between places: a road server where one is configured, else as the crow flies with a road factor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import structlog
from django.conf import settings

from fieldwork.dispatch.problem import Place
from fieldwork.dispatch.travel import Travel, haversine

log = structlog.get_logger(__name__)

# From one site to another there is always the way to the van, a street and a place to park. Sites of which only the
# ZIP code is known share a point, and would cost nothing.
LEAST_BETWEEN_SITES = 180


def between(places: Sequence[Place], *, first_site: int) -> Travel:
    """Seconds and meters between all of them. `places[first_site:]` are sites, a row for each."""
    travel = _by_road(places) or haversine(places)
    if first_site >= len(places):
        return travel
    seconds = np.array(travel.seconds, copy=True)
    sites = seconds[first_site:, first_site:]
    np.maximum(sites, LEAST_BETWEEN_SITES, out=sites)
    np.fill_diagonal(seconds, 0)
    return replace(travel, seconds=seconds)


def _by_road(places: Sequence[Place]) -> Travel | None:
    """None where no server is configured, or it does not answer: then planning goes on with estimates."""
    if not settings.OSRM_URL or len(places) < 2:
        return None
    from fieldwork.dispatch import osrm

    try:
        return osrm.table(places, settings.OSRM_URL)
    except osrm.Unavailable as error:
        log.warning("driving_times_estimated", reason=str(error))
        return None
