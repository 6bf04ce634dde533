"""Which panel models have double-sided clips (E8)."""

from __future__ import annotations

from collections.abc import Iterable

from requests_app.models import IncompatiblePanel, normalized_panel_model


def load_panels() -> frozenset[str]:
    """The normalized models that staff keep: one query."""
    return frozenset(IncompatiblePanel.objects.values_list("normalized", flat=True))


def matches(panel_model: str, incompatible: Iterable[str]) -> bool:
    """Spaces, dashes and case do not matter, and the given model may go on with a suffix."""
    given = normalized_panel_model(panel_model)
    return any(given.startswith(listed) for listed in incompatible)
