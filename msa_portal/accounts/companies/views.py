"""The pages of a company: its facts, its people, invitations to it, and which of several a person works for now."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from msa_portal.accounts.companies import details, invitations, membership, work
from msa_portal.accounts.companies.current import choose
from msa_portal.accounts.companies.forms import CompanyDetailsForm, CompanyForm, HeirForm, InviteForm, SwitchForm
from msa_portal.accounts.models import Company, Membership, MembershipInvitation
from msa_portal.errors import Refused
from msa_portal.guards import SignedInRequest, signed_in
from msa_portal.refusals import refusal_as_message, refusal_in_form

_MOST_LISTED = 20


@signed_in
@require_http_methods(["GET", "POST"])
def company(request: SignedInRequest) -> HttpResponse:
    """The company that the person works for now; for others, the form that registers one."""
    if request.user.current_company_id is not None:
        return _company_page(request, InviteForm())
    form = CompanyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusal_in_form(form):
            details.register_company(by=request.user, **form.cleaned_data)
            messages.success(request, _("Your company is registered. You manage who works for it."))
            return redirect("accounts:company")
    context = {"form": form, "waiting": invitations.invitations_to(request.user)}
    return render(request, "account/company_new.html", context, status=422 if form.errors else 200)


def _own(request: SignedInRequest, **only: Any) -> Membership:
    """The person's own place in the company that they work for now. 404 for everybody else."""
    rows = Membership.objects.filter(user=request.user, company=request.user.current_company_id)
    return get_object_or_404(rows.select_related("company", "user"), **only)


def _company_page(request: SignedInRequest, form: InviteForm) -> HttpResponse:
    own = _own(request)
    members = own.company.memberships.select_related("user").order_by("-is_manager", "user__name", "pk")
    context = {
        "company": own.company,
        "own": own,
        "members": members,
        "form": form,
        "invitations": invitations.open_invitations(own.company) if own.is_manager else [],
        "waiting": invitations.invitations_to(request.user),
    }
    return render(request, "account/company.html", context, status=422 if form.errors else 200)


@signed_in
@require_http_methods(["GET", "POST"])
def edit(request: SignedInRequest) -> HttpResponse:
    own = _own(request, is_manager=True)
    form = CompanyDetailsForm(
        request.POST or None, initial={name: getattr(own.company, name) for name in details.EDITABLE}
    )
    if request.method == "POST" and form.is_valid():
        with refusal_in_form(form):
            saved = details.update_company(own.company, by=request.user, **form.cleaned_data)
            if own.company.is_verified and not saved.is_verified:
                messages.info(
                    request, _("Saved. You changed what we had verified, so program staff will check it again.")
                )
            else:
                messages.success(request, _("Saved."))
            return redirect("accounts:company")
    context = {"form": form, "company": own.company}
    return render(request, "account/company_edit.html", context, status=422 if form.errors else 200)


# --- Invitations, from the company's side -------------------------------------------------
@signed_in
@require_POST
def invite(request: SignedInRequest) -> HttpResponse:
    own = _own(request, is_manager=True)
    form = InviteForm(request.POST)
    if form.is_valid():
        with refusal_in_form(form):
            invitations.invite(own.company, by=request.user, **form.cleaned_data)
            messages.success(request, _say_invited(form.cleaned_data["email"]))
            return redirect("accounts:company")
    return _company_page(request, form)


def _say_invited(email: str) -> str:
    return _("We emailed an invitation to %(email)s. They join when they accept it.") % {"email": email}


def _open_invitation(request: SignedInRequest, pk: int) -> MembershipInvitation:
    own = _own(request, is_manager=True)
    return get_object_or_404(invitations.open_invitations(own.company), pk=pk)


@signed_in
@require_POST
def withdraw_invitation(request: SignedInRequest, pk: int) -> HttpResponse:
    invitation = _open_invitation(request, pk)
    with refusal_as_message(request):
        invitations.withdraw(invitation, by=request.user)
        messages.success(request, _("The invitation to %(email)s is withdrawn.") % {"email": invitation.email})
    return redirect("accounts:company")


@signed_in
@require_POST
def send_invitation_again(request: SignedInRequest, pk: int) -> HttpResponse:
    invitation = _open_invitation(request, pk)
    with refusal_as_message(request):
        invitations.send_again(invitation, by=request.user)
        messages.success(request, _say_invited(invitation.email))
    return redirect("accounts:company")


# --- Invitations, from the side of the person who is invited ------------------------------------
@signed_in
@require_safe
def my_invitations(request: SignedInRequest) -> HttpResponse:
    return render(request, "account/invitations.html", {"waiting": invitations.invitations_to(request.user)})


@signed_in
@require_POST
def accept_invitation(request: SignedInRequest, pk: int) -> HttpResponse:
    invitation = get_object_or_404(invitations.invitations_to(request.user), pk=pk)
    with refusal_as_message(request):
        joined = invitations.accept(invitation, by=request.user)
        choose(request, joined.company_id)
        messages.success(request, _("You work for %(company)s now.") % {"company": joined.company.name})
        return redirect("accounts:company")
    return redirect("accounts:invitations")


@signed_in
@require_POST
def decline_invitation(request: SignedInRequest, pk: int) -> HttpResponse:
    invitation = get_object_or_404(invitations.invitations_to(request.user), pk=pk)
    with refusal_as_message(request):
        invitations.decline(invitation, by=request.user)
        messages.success(request, _("You declined the invitation."))
    return redirect("accounts:invitations")


# --- Leaving ------------------------------------------------------------------------------
def _colleagues(request: SignedInRequest) -> QuerySet[Membership]:
    """The people of the company that the person works for now, themselves included."""
    company_id = request.user.current_company_id
    return Membership.objects.filter(company=company_id, company__members=request.user).select_related(
        "company", "user"
    )


@signed_in
@require_http_methods(["GET", "POST"])
def remove_member(request: SignedInRequest, pk: int) -> HttpResponse:
    """Says what happens to the person's requests; a POST removes them, or lets the person themselves leave."""
    leaving = get_object_or_404(_colleagues(request), pk=pk)
    is_self = leaving.user_id == request.user.pk
    if not is_self and not _own(request).is_manager:
        raise Http404
    count = work.count_open(leaving.company, leaving.user)
    form = HeirForm(request.POST if request.method == "POST" and count else None, membership=leaving)
    if request.method == "POST" and (not count or form.is_valid()):
        to = form.cleaned_data["to"] if count else None
        with refusal_as_message(request):
            membership.remove_member(leaving, by=request.user, to=to)
            messages.success(request, _say_gone(leaving, is_self=is_self))
            return redirect("accounts:home" if is_self else "accounts:company")
    context = {
        "leaving": leaving,
        "is_self": is_self,
        "count": count,
        "form": form,
        "cannot": _reason_to_stay(leaving),
    }
    return render(request, "account/member_remove.html", context, status=422 if form.errors else 200)


def _say_gone(leaving: Membership, *, is_self: bool) -> str:
    if is_self:
        return _("You left %(company)s.") % {"company": leaving.company.name}
    return _("%(name)s doesn't work for your company anymore.") % {"name": leaving.user.name}


def _reason_to_stay(leaving: Membership) -> str:
    try:
        membership.check_may_go(leaving)
    except Refused as refusal:
        return str(refusal)
    return ""


@signed_in
@require_POST
def make_manager(request: SignedInRequest, pk: int) -> HttpResponse:
    colleague = get_object_or_404(_colleagues(request), pk=pk)
    with refusal_as_message(request):
        membership.make_manager(colleague, by=request.user)
        messages.success(request, _("%(name)s is a manager now.") % {"name": colleague.user.name})
    return redirect("accounts:company")


@signed_in
@require_http_methods(["GET", "POST"])
def close(request: SignedInRequest) -> HttpResponse:
    own = _own(request, is_manager=True)
    if request.method == "POST":
        with refusal_as_message(request):
            details.close_company(own.company, by=request.user)
            messages.success(request, _("%(company)s is closed.") % {"company": own.company.name})
            return redirect("accounts:home")
        return redirect("accounts:close_company")
    open_requests = work.open_requests(own.company)
    stuck = [open_request for open_request in open_requests if not open_request.has_account]
    context = {
        "company": own.company,
        "stuck": stuck[:_MOST_LISTED],
        "stuck_count": len(stuck),
        "back_count": len(open_requests) - len(stuck),
        "others": own.company.memberships.exclude(pk=own.pk).count(),
    }
    return render(request, "account/company_close.html", context)


# --- Several companies --------------------------------------------------------------------
@signed_in
@require_http_methods(["GET", "POST"])
def switch(request: SignedInRequest) -> HttpResponse:
    """Choose the company to work for; its lists and new requests follow. `next` is a page of the new one."""
    if not request.user.is_agent:
        raise Http404
    form = SwitchForm(request.POST if request.method == "POST" else None, user=request.user, initial=_wanted(request))
    if request.method == "POST" and form.is_valid():
        company: Company = form.cleaned_data["company"]
        choose(request, company.pk)
        messages.success(request, _("You're working for %(company)s now.") % {"company": company.name})
        return redirect(_next(request) or "requests:list")
    context = {"form": form, "next": _next(request), "is_asked": "company" in request.GET}
    return render(request, "account/company_switch.html", context, status=422 if form.errors else 200)


def _wanted(request: SignedInRequest) -> dict[str, Any]:
    asked = request.GET.get("company", "")
    known = {str(pk): pk for pk in request.user.company_ids}
    return {"company": known.get(asked, request.user.current_company_id)}


def _next(request: HttpRequest) -> str:
    """A page of ours, or nothing (fault 45)."""
    address = request.POST.get("next") or request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(address, allowed_hosts=None) and address.startswith("/")
    return address if is_ours else ""
