"""The staff desk: Django's admin under the portal's name."""

from __future__ import annotations

import re
from functools import wraps
from typing import Any

from django.contrib import admin
from django.core.exceptions import BadRequest
from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import SimpleTemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

# What Django's own admin raises for a key or a date in an address or a form that no widget of its pages sends.
_NOT_A_KEY = re.compile(r"Field '\w+' expected a number but got ")


class PortalAdminSite(admin.AdminSite):
    site_title = _("MSA staff desk")
    site_header = _("MSA Program staff desk")
    index_title = _("What waits")
    enable_nav_sidebar = False

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Staff sign in where everybody does, so that throttle and second factor are in one place."""
        if request.user.is_authenticated:
            return redirect("accounts:home")
        target = request.GET.get("next", reverse("admin:index"))
        return redirect(f"{reverse('account_login')}?{urlencode({'next': target})}")

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Answers 400 for values that no column can hold, such as a number of 30 digits."""

        @wraps(view)
        def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            try:
                answer = view(request, *args, **kwargs)
                return answer.render() if isinstance(answer, SimpleTemplateResponse) else answer
            except (DataError, OverflowError) as error:
                raise BadRequest from error
            except ValueError as error:
                if _NOT_A_KEY.match(str(error)):
                    raise BadRequest from error
                raise

        return super().admin_view(answered, cacheable)

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """On the account's own page, which asks who it is and tells every address of the change."""
        return redirect("account_change_password")
