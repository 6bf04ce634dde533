from __future__ import annotations

from typing import Any

from allauth.account.forms import ConfirmLoginCodeForm
from allauth.account.views import BaseReauthenticateView
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.csrf import csrf_failure
from django.views.decorators.http import require_POST, require_safe

from msa_portal.accounts import devices, kept_forms, services
from msa_portal.accounts.forms import ProfileForm
from msa_portal.accounts.models import User
from msa_portal.accounts.reauthentication import EmailedCode
from msa_portal.guards import Guard, SignedInRequest, signed_in


@signed_in
def home(request: SignedInRequest) -> HttpResponse:
    """Where a person's work is: the field app, the staff desk, or their requests."""
    if request.user.is_technician:
        return redirect("/field/")
    if request.user.is_staff:
        return redirect("admin:index")
    return redirect("/requests/")


@signed_in
def profile(request: SignedInRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=User.objects.get(pk=request.user.pk))
    if request.method == "POST" and form.is_valid():
        services.update_profile(request.user, by=request.user, **form.cleaned_data)
        messages.success(request, _("Your details are saved."))
        return redirect("accounts:profile")
    return render(request, "account/profile.html", {"form": form})


@signed_in
@require_POST
def end_session(request: SignedInRequest, pk: int) -> HttpResponse:
    """Sign one device out: a lost phone, a borrowed computer."""
    session = get_object_or_404(UserSession, pk=pk, user=request.user)
    is_current = session.session_key == request.session.session_key
    session.end()
    if is_current:
        logout(request)
        return redirect("account_login")
    messages.success(request, _("That device is signed out."))
    return redirect("usersessions_list")


@signed_in
@require_safe
def signed_in_again(request: SignedInRequest) -> HttpResponse:
    """Where a sign-in in a new tab ends: the form in the other tab hears of it and goes on."""
    return render(request, "account/signed_in_again.html")


@signed_in
@require_safe
def form_token(request: SignedInRequest) -> HttpResponse:
    """For a page that was open while its person signed in again: a token that counts now, and whose it is."""
    return JsonResponse({"token": get_token(request), "person": request.user.pk})


def token_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's answer to a post without a good token. A form from before the same person's last sign-in isn't lost.

    Nothing is carried out: they get the page with what they typed (see kept_forms).
    """
    if kept_forms.is_by_script(request):
        message = _("You signed in again after you opened this page. Reload it.")
        return JsonResponse({"code": "token_refused", "message": message}, status=403)
    is_page = request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate" or "HX-Request" in request.headers
    if is_page and request.user.is_authenticated and devices.is_from_earlier_sign_in(request):
        return kept_forms.show_again(request) or csrf_failure(request, reason)
    return csrf_failure(request, reason)


class ReauthenticateByCodeView(BaseReauthenticateView):
    """A code by email, for people who have neither a password nor a second factor."""

    guard = Guard.SIGNED_IN
    form_class = ConfirmLoginCodeForm
    template_name = "account/reauthenticate_by_code.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.process = EmailedCode.pending_or_new(request)
        return super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.process = EmailedCode.pending_or_new(request)
        if request.POST.get("action") == "resend" and self.process.can_resend:
            self.process.resend()
            messages.success(request, _("We emailed a new code."))
            return redirect(self.passthrough_next_url(request.path))
        return super().post(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"code": self.process.code}

    def form_valid(self, form: forms.Form) -> HttpResponse:
        self.process.finish()
        return super().form_valid(form)

    def form_invalid(self, form: forms.Form) -> HttpResponse:
        if self.process.record_invalid_attempt():
            return super().form_invalid(form)
        messages.error(self.request, _("That code was wrong too often. We emailed a new one."))
        return redirect(self.passthrough_next_url(self.request.path))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        own = {"email": self.process.state["email"], "can_resend": self.process.can_resend}
        return super().get_context_data(**kwargs) | own


reauthenticate_by_code = login_required(ReauthenticateByCodeView.as_view())
