"""What every template may use."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def portal(request: HttpRequest) -> dict[str, Any]:
    return {
        "DEMO": settings.DEMO,
        "STAGING": settings.STAGING,
        "PUBLIC_URL": settings.PUBLIC_URL,
        "LOCK_RING_PHONE": "800-600-6290",
    }
