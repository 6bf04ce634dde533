"""Driving times of real streets, from an OSRM server's table service (https://project-osrm.org/docs/v5.24.0/api/#table-service)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import requests

from fieldwork.dispatch.travel import Place, Travel

# As many sources and as many destinations a request: OSRM's own default allows 100 places in one.
CHUNK = 50


class Unreachable(Exception):
    """No table came: the server is down, too slow, refuses, or knows no road between two places. The text says which."""


def table(
    places: Sequence[Place],
    base_url: str,
    *,
    profile: str = "driving",
    timeout: float = 30.0,
    session: requests.Session | None = None,
) -> Travel:
    """Seconds and meters between all places. `timeout` is for each request, in seconds. Raises Unreachable."""
    size = len(places)
    seconds, meters = np.zeros((size, size), np.int64), np.zeros((size, size), np.int64)
    session = session or requests.Session()
    parts = [list(range(start, min(start + CHUNK, size))) for start in range(0, size, CHUNK)]
    for sources in parts:
        for destinations in parts:
            url, parameters = _question(places, sources, destinations, base_url, profile)
            answer = _answer(session, url, parameters, timeout)
            block = np.ix_(sources, destinations)
            seconds[block] = _numbers(answer, "durations", (len(sources), len(destinations)))
            meters[block] = _numbers(answer, "distances", (len(sources), len(destinations)))
    np.fill_diagonal(seconds, 0)
    np.fill_diagonal(meters, 0)
    return Travel(seconds, meters)


def _question(
    places: Sequence[Place], sources: list[int], destinations: list[int], base_url: str, profile: str
) -> tuple[str, dict[str, str]]:
    asked = list(dict.fromkeys([*sources, *destinations]))
    position = {place: number for number, place in enumerate(asked)}
    path = ";".join(f"{places[index].longitude:.6f},{places[index].latitude:.6f}" for index in asked)
    return f"{base_url.rstrip('/')}/table/v1/{profile}/{path}", {
        "annotations": "duration,distance",
        "sources": ";".join(str(position[source]) for source in sources),
        "destinations": ";".join(str(position[destination]) for destination in destinations),
    }


def _answer(session: requests.Session, url: str, parameters: dict[str, str], timeout: float) -> dict[str, Any]:
    try:
        response = session.get(url, params=parameters, timeout=timeout)
        answer = response.json()
    except requests.Timeout as error:
        raise Unreachable(f"The map server did not answer within {timeout:g} seconds.") from error
    except requests.JSONDecodeError as error:
        raise Unreachable(f"The map server answered {response.status_code} without JSON.") from error
    except requests.RequestException as error:
        raise Unreachable(f"The map server can't be reached: {type(error).__name__}.") from error
    if not isinstance(answer, dict) or answer.get("code") != "Ok":
        said = answer.get("message") or answer.get("code") if isinstance(answer, dict) else "no object"
        raise Unreachable(f"The map server refused ({response.status_code}): {said}.")
    return answer


def _numbers(answer: dict[str, Any], name: str, shape: tuple[int, int]) -> np.ndarray[Any, np.dtype[np.int64]]:
    try:
        numbers = np.array(answer[name], dtype=np.float64)
    except (KeyError, TypeError, ValueError) as error:
        raise Unreachable(f"The map server's {name} are missing.") from error
    if numbers.shape != shape:
        raise Unreachable(f"The map server's {name} have another shape than was asked for.")
    if np.isnan(numbers).any():
        raise Unreachable("The map server knows no road between two of the places.")
    return np.rint(numbers).astype(np.int64)
