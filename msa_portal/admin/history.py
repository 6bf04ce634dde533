from __future__ import annotations

from typing import Any

from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from simple_history.admin import SimpleHistoryAdmin


class KeptAdmin(SimpleHistoryAdmin):
    """An admin whose rows keep their history; it is read and never put back (see settings)."""

    def get_history_queryset(
        self, request: HttpRequest, history_manager: Any, pk_name: str, object_id: Any
    ) -> models.QuerySet[Any]:
        """Rows with who changed them: the package's own query follows every relation, or, where
        there is none, calls `select_related()` bare, which Django deprecates."""
        return history_manager.filter(**{pk_name: object_id}).select_related("history_user")

    def history_form_view(
        self, request: HttpRequest, object_id: str, version_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """The package hides the button where reverting is off, and still takes the POST: anybody who
        may look could write an old version over what is locked now."""
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        return super().history_form_view(request, object_id, version_id, extra_context)
