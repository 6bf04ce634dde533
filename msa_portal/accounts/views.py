from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.account.forms import ConfirmLoginCodeForm
from allauth.account.views import BaseReauthenticateView
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from msa_portal.accounts import services
from msa_portal.accounts.forms import CompanyForm, MemberForm, ProfileForm
from msa_portal.accounts.models import Company, Membership, User
from msa_portal.accounts.reauthentication import EmailedCode
from msa_portal.errors import Refused
from msa_portal.guards import Guard, SignedInRequest, signed_in
from msa_portal.refusals import refusal_as_message


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


@signed_in
def company(request: SignedInRequest) -> HttpResponse:
    """The company of a person who works for one; for others, the form that registers one."""
    if _memberships(request).exists():
        return _company_page(request, MemberForm())
    form = CompanyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        created = _carried_out(form, lambda: services.register_company(by=request.user, **form.cleaned_data))
        if created:
            messages.success(request, _("Your company is registered. You manage who works for it."))
            return redirect("accounts:company")
    return render(request, "account/company_new.html", {"form": form})


@signed_in
@require_POST
def add_member(request: SignedInRequest) -> HttpResponse:
    own = get_object_or_404(_memberships(request), is_manager=True)
    form = MemberForm(request.POST)
    if form.is_valid() and _carried_out(
        form, lambda: services.add_member(own.company, by=request.user, **form.cleaned_data)
    ):
        messages.success(request, _("%(email)s can work with you now. We mailed how to sign in.") % form.cleaned_data)
        return redirect("accounts:company")
    return _company_page(request, form)


@signed_in
@require_POST
def remove_member(request: SignedInRequest, pk: int) -> HttpResponse:
    membership = get_object_or_404(_colleagues(request), pk=pk)
    return _act(request, _("Removed."), lambda: services.remove_member(membership, by=request.user))


@signed_in
@require_POST
def make_manager(request: SignedInRequest, pk: int) -> HttpResponse:
    membership = get_object_or_404(_colleagues(request), pk=pk)
    return _act(request, _("Done: one more manager."), lambda: services.make_manager(membership, by=request.user))


def _memberships(request: SignedInRequest) -> QuerySet[Membership]:
    return request.user.memberships.select_related("company").order_by("joined_at")


def _colleagues(request: SignedInRequest) -> QuerySet[Membership]:
    return Membership.objects.filter(company__in=Company.objects.filter(members=request.user))


def _company_page(request: SignedInRequest, form: MemberForm) -> HttpResponse:
    own = _memberships(request)[0]
    members = own.company.memberships.select_related("user").order_by("-is_manager", "user__name", "pk")
    context = {"company": own.company, "own": own, "members": members, "form": form}
    return render(request, "account/company.html", context)


def _carried_out(form: forms.Form, act: Callable[[], Any]) -> bool:
    """Whether the service did it; if it refused, the form says why, at the field where it names one."""
    try:
        act()
    except Refused as refusal:
        if not refusal.fields:
            form.add_error(None, refusal.message)
        for field, message in refusal.fields.items():
            form.add_error(field, message)
        return False
    return True


def _act(request: SignedInRequest, done: str, act: Callable[[], Any]) -> HttpResponse:
    with refusal_as_message(request):
        act()
        messages.success(request, done)
    return redirect("accounts:company")
