"""The staff desk: Django's admin under the portal's name."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _


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

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """On the account's own page, which asks who it is and tells every address of the change."""
        return redirect("account_change_password")
