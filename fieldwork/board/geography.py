"""What the map stands on: tiles where they are configured, and where the districts are."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.conf import settings

from fieldwork.models import DistrictZip
from fieldwork.schedule import positions


def of_map() -> dict[str, Any]:
    """For the script. A district's outline is drawn around the middles of its ZIP codes. One query."""
    points: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for name, zip_code in DistrictZip.objects.values_list("district__name", "zip_code"):
        middle = positions.middle_of(zip_code)
        if middle:
            points[name].append((float(middle[0]), float(middle[1])))
    return {
        "tiles": settings.TILE_URL,
        "attribution": settings.TILE_ATTRIBUTION,
        "districts": [{"name": name, "points": district} for name, district in sorted(points.items())],
    }
