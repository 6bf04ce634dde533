"""Which company a person of several works for in this session. What they may see is decided by their memberships alone."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from msa_portal.guards import SignedInRequest

_KEY = "company"


def choose(request: SignedInRequest, company_id: int) -> None:
    request.session[_KEY] = company_id


class CurrentCompanyMiddleware:
    """Puts the session's choice on the person. Only sessions with a choice read anything for it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = request.session.get(_KEY)
        if chosen is not None and request.user.is_authenticated:
            request.user.chosen_company_id = chosen
        return self.get_response(request)
