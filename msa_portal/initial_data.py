"""First rows for reference data, written by migrations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.apps.registry import Apps
from django.utils import timezone


def fill(apps: Apps, app_label: str, model_name: str, rows: Iterable[dict[str, Any]], *, key: tuple[str, ...]) -> None:
    """Add the rows that are not there yet by `key`, each with the first entry of its history.

    A migration's models have no `save` of ours and no history of their own accord, so that the
    rows bring along what `save` would work out.
    """
    model = apps.get_model(app_label, model_name)
    history = apps.get_model(app_label, f"Historical{model_name}")
    names = [field.attname for field in model._meta.concrete_fields]
    for row in rows:
        stored, created = model._default_manager.get_or_create(
            **{name: row[name] for name in key}, defaults={name: row[name] for name in row if name not in key}
        )
        if created:
            history._default_manager.create(
                **{name: getattr(stored, name) for name in names},
                history_date=timezone.now(),
                history_type="+",
                history_change_reason="Initial data",
            )
