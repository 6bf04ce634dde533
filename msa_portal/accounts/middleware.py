from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from msa_portal.accounts import devices, kept_forms, reauthentication, second_factor, session_limits
from msa_portal.guards import Guard, guard_of

_SIGNED_OUT = "msa_portal.signed_out"  # whose session was just ended, in the request's META


class SecondFactorMiddleware:
    """Outside demo, staff and technicians reach nothing but their account pages without a second factor.

    Nor can they remove the last one: allauth asks its adapter about authenticator apps, but not
    about keys, so their removal is stopped here.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if self._must_set_up(request):
            messages.info(request, _("Your role needs a second sign-in step. Set it up here first."))
            return redirect("mfa_index")
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, _view: Any, _args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        match = request.resolver_match
        if match is None or match.url_name != "mfa_remove_webauthn" or not request.user.is_authenticated:
            return None
        key = Authenticator.objects.filter(pk=kwargs["pk"], user=request.user).first()
        if key is None or not second_factor.is_last_required(key):
            return None
        messages.error(request, _("Your role needs a second step. Add another one first, then remove this key."))
        return redirect("mfa_list_webauthn")

    def _must_set_up(self, request: HttpRequest) -> bool:
        return (
            not request.path.startswith(("/accounts/", "/static/"))
            and second_factor.is_required(request.user)
            and not second_factor.is_set_up(request.user)
        )


class ReauthenticationMiddleware:
    """The pages for a new password open only to people who have just confirmed who they are (see reauthentication)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, _view: Any, _args: tuple[Any, ...], _kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        return reauthentication.asked_first(request)


class SessionLimitsMiddleware:
    """Ends sessions that are over, and keeps what their people were just sending (session_limits, kept_forms)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        ended = session_limits.end_if_over(request)
        request.META[_SIGNED_OUT] = ended.pk if ended else None
        kept = kept_forms.waiting_for(request)
        if kept:
            kept_forms.announce(request, kept)
        response = self.get_response(request)
        if kept_forms.is_no_page(request, response):
            response = kept_forms.lead_to_page(request, kept)
        elif kept:
            kept_forms.fill_in(request, response, kept)
        session_limits.set_cookie_age(request)
        devices.set_cookie(request, response)
        return response

    def process_view(
        self, request: HttpRequest, view: Any, _args: tuple[Any, ...], _kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """After the check against forged posts: what is kept came from a page of ours."""
        person = request.META[_SIGNED_OUT]
        if person is None and not request.user.is_authenticated:
            person = devices.last_person(request)  # the session is gone without a trace
        is_form = request.content_type in {"application/x-www-form-urlencoded", "multipart/form-data"}
        is_kept_out = not request.user.is_authenticated and self._asks_for_sign_in(request, view)
        if request.method != "POST" or not is_form or not is_kept_out:
            return None
        if kept_forms.is_by_script(request):
            return kept_forms.signed_out_answer()
        return kept_forms.keep(request, person)

    def _asks_for_sign_in(self, request: HttpRequest, view: Any) -> bool:
        is_desk = request.path.startswith("/admin/") and not request.path.startswith("/admin/login/")
        return is_desk or guard_of(view) in {Guard.SIGNED_IN, Guard.TECHNICIAN}
