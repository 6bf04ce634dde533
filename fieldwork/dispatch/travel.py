"""How long and how far it is from each place to each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Place(NamedTuple):
    """Degrees, WGS 84."""

    latitude: float
    longitude: float


EARTH_RADIUS = 6_371_008.8  # meters, the mean
ROAD_FACTOR = 1.3  # streets are about that much longer than the crow's way
SPEED = 40 / 3.6  # meters a second, stops at lights included


@dataclass(frozen=True, eq=False)
class Travel:
    """`seconds[i, j]` and `meters[i, j]` from place i to place j: whole numbers, 0 on the diagonal."""

    seconds: NDArray[np.int64]
    meters: NDArray[np.int64]


def haversine(places: Sequence[Place], *, road_factor: float = ROAD_FACTOR, speed: float = SPEED) -> Travel:
    """Without a map: the great circle, made longer by `road_factor`, at `speed` meters a second."""
    points = np.radians(np.array(places, dtype=np.float64).reshape(-1, 2))
    latitude, longitude = points[:, 0], points[:, 1]
    half = np.sin((latitude[:, None] - latitude) / 2) ** 2
    half = half + np.cos(latitude)[:, None] * np.cos(latitude) * np.sin((longitude[:, None] - longitude) / 2) ** 2
    meters = 2 * EARTH_RADIUS * road_factor * np.arcsin(np.sqrt(np.clip(half, 0, 1)))
    return Travel(np.rint(meters / speed).astype(np.int64), np.rint(meters).astype(np.int64))
