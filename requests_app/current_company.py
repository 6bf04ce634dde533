"""A person of several companies sees a request's pages only while they work for its company (CurrentCompanyMiddleware)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from msa_portal.accounts.models import User
from requests_app.models import MSARequest


def switch_first(request: HttpRequest, user: User, company_id: int | None) -> HttpResponse | None:
    """The way to the page that asks to switch, if what is opened belongs to another one of the person's companies."""
    if company_id not in user.company_ids or company_id == user.current_company_id:
        return None
    query = urlencode({"company": company_id, "next": request.get_full_path()})
    return redirect(f"{reverse('accounts:switch_company')}?{query}")


class OtherCompanyMiddleware:
    """A person who opens a page of another one of their companies is asked to switch first, and comes back to it.

    Posts go through: what somebody typed in another tab isn't lost, and rights are by membership.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, _view: Any, _args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        if request.method not in {"GET", "HEAD"} or not request.user.is_authenticated:
            return None
        if len(request.user.company_ids) < 2:
            return None
        return switch_first(request, request.user, self._company(request.user, kwargs))

    def _company(self, user: User, kwargs: dict[str, Any]) -> int | None:
        """The company whose page it is; None for the person's own requests, and for all other pages."""
        if "reference" in kwargs:
            rows = MSARequest.objects.visible_to(user).exclude(owner=user)
            return rows.filter(reference=kwargs["reference"]).values_list("agent_company", flat=True).first()
        return kwargs.get("company_id")
