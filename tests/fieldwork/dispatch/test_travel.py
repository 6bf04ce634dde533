"""Driving times without a map, and from a map server."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
import requests

from fieldwork.dispatch import Place, haversine
from fieldwork.dispatch.osrm import Unreachable, table

PHILADELPHIA, NEW_YORK = Place(39.9526, -75.1652), Place(40.7128, -74.0060)


def test_great_circle_made_longer_and_driven_at_one_speed() -> None:
    travel = haversine([PHILADELPHIA, NEW_YORK], road_factor=1.3, speed=20)
    assert travel.meters[0, 1] == pytest.approx(1.3 * 129_600, rel=0.01)
    assert travel.seconds[0, 1] == pytest.approx(travel.meters[0, 1] / 20, abs=1)
    assert np.array_equal(travel.meters, travel.meters.T)
    assert list(travel.seconds.diagonal()) == [0, 0]
    assert haversine([]).seconds.shape == (0, 0)


class Server(requests.Session):
    """Answers as OSRM's table service does: seconds are the degrees between, times 1000, meters ten times that."""

    def __init__(self, change: Callable[[dict[str, Any]], Any] = lambda answer: answer) -> None:
        super().__init__()
        self.change, self.asked = change, 0

    def get(self, url: str, **options: Any) -> Any:  # type: ignore[override]
        self.asked += 1
        assert options["timeout"] == 30
        points = [tuple(map(float, pair.split(","))) for pair in urlsplit(url).path.split("/")[-1].split(";")]
        assert re.match(r"http://map/table/v1/driving/", url)
        chosen = {
            name: [points[int(n)] for n in options["params"][name].split(";")] for name in ("sources", "destinations")
        }
        apart = [[1000 * abs(a[0] - b[0]) for b in chosen["destinations"]] for a in chosen["sources"]]
        far = [[10 * seconds for seconds in row] for row in apart]
        return Answer(self.change({"code": "Ok", "durations": apart, "distances": far}))


class Answer:
    status_code = 200

    def __init__(self, body: Any) -> None:
        self.body = body

    def json(self) -> Any:
        if isinstance(self.body, Exception):
            raise self.body
        return self.body


def test_table_is_put_together_from_its_parts() -> None:
    places = [Place(40.0, -75.0 + number / 1000) for number in range(120)]
    server = Server()
    travel = table(places, "http://map/", session=server)
    assert server.asked == 9
    expected = np.abs(np.subtract.outer(np.arange(120), np.arange(120)))
    assert np.array_equal(travel.seconds, expected)
    assert np.array_equal(travel.meters, 10 * expected)


@pytest.mark.parametrize(
    "change, says",
    [
        (
            lambda _answer: {"code": "InvalidQuery", "message": "Query string malformed"},
            "refused .200.: Query string malformed",
        ),
        (lambda answer: answer | {"durations": [[0, None], [None, 0]]}, "knows no road"),
        (lambda answer: answer | {"durations": [[0]]}, "another shape"),
        (lambda answer: {"code": "Ok", "durations": answer["durations"]}, "distances are missing"),
        (lambda _answer: [], "no object"),
        (lambda _answer: requests.JSONDecodeError("no", "", 0), "without JSON"),
        (lambda _answer: requests.Timeout(), "within 30 seconds"),
        (lambda _answer: requests.ConnectionError(), "can't be reached: ConnectionError"),
    ],
)
def test_server_that_gives_no_table_is_told_apart(change: Callable[[Any], Any], says: str) -> None:
    with pytest.raises(Unreachable, match=says):
        table([PHILADELPHIA, NEW_YORK], "http://map", session=Server(change))


def test_nothing_listens() -> None:
    with pytest.raises(Unreachable, match="can't be reached"):
        table([PHILADELPHIA, NEW_YORK], "http://127.0.0.1:9", timeout=2)


def test_question_names_what_it_wants() -> None:
    seen: list[Any] = []

    class Listening(Server):
        def get(self, url: str, **options: Any) -> Any:  # type: ignore[override]
            seen.append((url, options["params"]))
            return super().get(url, **options)

    table([PHILADELPHIA, NEW_YORK], "http://map", session=Listening())
    [(url, parameters)] = seen
    assert url.endswith("/-75.165200,39.952600;-74.006000,40.712800")
    assert parameters["annotations"] == "duration,distance"
