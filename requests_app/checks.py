"""What `manage.py check` looks at, and with it every migration of a deployment."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import Error

from msa_portal import seals


def seal_key(**_kwargs: Any) -> list[Error]:
    """A key that cannot seal is found at the start, not when the first agreement waits for it."""
    if not settings.SEAL_KEY:
        return []
    try:
        seals.identity()
    except seals.SealKeyError as error:
        return [Error(str(error), id="requests_app.E001")]
    return []
