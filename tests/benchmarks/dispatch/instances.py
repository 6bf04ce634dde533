"""The public benchmark files as problems of one day: VRPLIB with the VRPTW sections, and Solomon's own form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import vrplib

from fieldwork.dispatch import DayWindow, Place, Problem, Shift, Travel, Visit

# DIMACS: lengths are cut after one decimal. Everything is counted in tenths, which makes them whole.
TENTHS = 10


def read(path: Path) -> Problem:
    """Raises ValueError where the file is neither form, or has no time windows."""
    form = "vrplib" if "NODE_COORD_SECTION" in path.read_text(encoding="utf-8") else "solomon"
    try:
        instance = vrplib.read_instance(path, form, compute_edge_weights=False)
        return _problem(instance)
    except (KeyError, IndexError, RuntimeError) as error:
        raise ValueError(f"{path} is no VRPTW instance: {error!r}") from error


def cost(drive: int) -> float:
    """A plan's driving in the files' own unit."""
    return drive / TENTHS


def _problem(instance: dict[str, Any]) -> Problem:
    places = np.asarray(instance["node_coord"], dtype=np.float64)
    windows = np.asarray(instance["time_window"], dtype=np.int64) * TENTHS
    service = np.broadcast_to(np.asarray(instance["service_time"], dtype=np.int64) * TENTHS, len(places))
    demand = np.asarray(instance["demand"], dtype=np.int64)
    opens, closes = map(int, windows[0])
    shift = {"day": 0, "starts": opens, "ends": closes, "start_place": 0, "end_place": 0, "most_work": closes - opens}
    return Problem(
        places=tuple(Place(float(y), float(x)) for x, y in places),
        shifts=tuple(
            Shift(number, **shift, capacity=int(instance["capacity"])) for number in range(_vehicles(instance))
        ),
        visits=tuple(
            Visit(
                number,
                place=number,
                duration=int(service[number]),
                windows=(DayWindow(0, int(windows[number, 0]), int(windows[number, 1])),),
                required=True,
                load=int(demand[number]),
            )
            for number in range(1, len(places))
        ),
        travel=_travel(places),
    )


def _vehicles(instance: dict[str, Any]) -> int:
    return int(instance["vehicles"] if "vehicles" in instance else len(instance["node_coord"]) - 1)


def _travel(places: np.ndarray[Any, np.dtype[np.float64]]) -> Travel:
    apart = places[:, None, :] - places[None, :, :]
    tenths = (np.sqrt((apart**2).sum(axis=-1)) * TENTHS).astype(np.int64)
    return Travel(tenths, tenths)
