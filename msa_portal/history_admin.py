from __future__ import annotations

from typing import Any

from django.db import models
from django.http import HttpRequest
from simple_history.admin import SimpleHistoryAdmin


class KeptAdmin(SimpleHistoryAdmin):
    """An admin whose rows keep their history; it is read and never put back (see settings)."""

    def get_history_queryset(
        self, request: HttpRequest, history_manager: Any, pk_name: str, object_id: Any
    ) -> models.QuerySet[Any]:
        """Rows with who changed them: the package's own query follows every relation, or, where
        there is none, calls `select_related()` bare, which Django deprecates."""
        return history_manager.filter(**{pk_name: object_id}).select_related("history_user")
