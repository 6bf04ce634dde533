"""What the admin classes of field work share."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows that services alone write."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def only(permission: str) -> Callable[[Any], Any]:
    """Around a view of an admin class: who lacks the permission finds nothing there."""

    def around(view: Any) -> Any:
        @wraps(view)
        def shown(self: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if not request.user.has_perm(permission):
                raise Http404
            return view(self, request, *args, **kwargs)

        return shown

    return around
