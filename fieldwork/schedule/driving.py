"""Driving times between places: a road server where one is configured, else as the crow flies with a road factor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import structlog
from django.conf import settings
from django.core.cache import cache

from fieldwork.dispatch import osrm
from fieldwork.dispatch.travel import Place, Travel, haversine

log = structlog.get_logger(__name__)

# From one site to another there is always the way to the van, a street and a place to park. Sites of which only the
# ZIP code is known share a point, and would cost nothing.
LEAST_BETWEEN_SITES = 180
REST_SECONDS = 60
_RESTS = "fieldwork.planning.road_server_rests"


def between(places: Sequence[Place], *, first_site: int, patience: float) -> Travel:
    """Seconds and meters between all of them. `places[first_site:]` are sites, a row for each. `patience`: how many
    seconds to wait for each answer of the road server; lanes of the board stay locked until then."""
    travel = _by_road(places, patience) or haversine(places)
    if first_site >= len(places):
        return travel
    seconds = np.array(travel.seconds, copy=True)
    sites = seconds[first_site:, first_site:]
    np.maximum(sites, LEAST_BETWEEN_SITES, out=sites)
    np.fill_diagonal(seconds, 0)
    return replace(travel, seconds=seconds)


def _by_road(places: Sequence[Place], patience: float) -> Travel | None:
    """None if no server is configured or it doesn't answer. Planning then uses estimates, and doesn't ask again for a
    minute."""
    if not settings.OSRM_URL or len(places) < 2 or cache.get(_RESTS):
        return None
    try:
        return osrm.table(places, settings.OSRM_URL, timeout=patience)
    except osrm.Unreachable as error:
        cache.set(_RESTS, True, REST_SECONDS)
        log.warning("driving_times_estimated", reason=str(error))
        return None
