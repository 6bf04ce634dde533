"""Signing on paper: what to print, where to send it, and what staff said of it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from msa_portal.accounts.models import User
from msa_portal.errors import Refused
from msa_portal.guards import SignedInRequest, signed_in
from requests_app.agreements import versions
from requests_app.enums import Party
from requests_app.forms.paper import PaperForm
from requests_app.models import Agreement, MSARequest, SigningInvitation
from requests_app.signing import invitations, paper
from requests_app.views import signing
from requests_app.views.held_forms import takes_files
from requests_app.views.scope import acted_for_or_404
from requests_app.views.secret_links import secret_page, with_form


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@takes_files(first=acted_for_or_404)
def page(request: SignedInRequest, reference: str) -> HttpResponse:
    """A POST sends pages; by the owner, or by the agent who acts."""
    msa_request, user = acted_for_or_404(request, reference)
    agreement = versions.current(msa_request)
    if agreement is None or agreement.document_id is None:
        messages.error(request, _("Prepare the agreement first. Then you can print it."))
        return redirect("requests:agreement", reference=reference)
    form = _form(request, agreement)
    if form.is_valid() and _sent(request, form, msa_request, by=user):
        return redirect("requests:paper", reference=reference)
    context = _context(agreement, msa_request, form) | {"here": "agreement"}
    return render(request, "requests_app/paper.html", context, status=422 if form.errors else 200)


@secret_page
@require_http_methods(["GET", "HEAD", "POST"])
@takes_files(first=signing.check_open)
def by_link(request: HttpRequest, token: str) -> HttpResponseBase:
    """The same for a customer without an account, by the mailed link, which a POST here does not use up."""
    invitation = signing.invitation_of(request, token)
    try:
        invitations.check_invitation(invitation)
    except Refused as refusal:
        return signing.closed(request, token, invitation, refusal)
    agreement = invitation.agreement
    form = _form(request, agreement, [Party.CUSTOMER])
    if form.is_valid() and _sent(request, form, agreement.msa_request, invitation=invitation):
        return redirect("requests:sign_paper", token=token)
    context = _context(agreement, agreement.msa_request, form, Party.CUSTOMER) | {"token": token}
    return with_form(render(request, "requests_app/sign_paper.html", context, status=422 if form.errors else 200))


def _form(request: HttpRequest, agreement: Agreement, parties: list[Party] | None = None) -> PaperForm:
    return PaperForm(
        request.POST or None,
        request.FILES or None,
        parties=parties or paper.asked_for(agreement) or agreement.parties,
        initial={"agreement": agreement.pk},
    )


def _sent(
    request: HttpRequest,
    form: PaperForm,
    msa_request: MSARequest,
    *,
    by: User | None = None,
    invitation: SigningInvitation | None = None,
) -> bool:
    """Whether the pages were taken; else the form says why not."""
    data = form.cleaned_data
    printed = (
        Agreement.objects.filter(msa_request=msa_request, pk=data["agreement"]).select_related("msa_request").first()
    )
    if printed is None:
        raise Http404
    try:
        kept = paper.send(printed, Party(data["party"]), data["pages"], by=by, invitation=invitation)
    except Refused as refusal:
        form.add_error("pages" if refusal.fields else None, str(refusal))
        return False
    if paper.is_being_checked(kept):
        messages.success(
            request, _("Received. The files are being checked for viruses; then program staff look at them.")
        )
    else:
        messages.success(
            request, _("Received. Program staff look at the pages, and you get a mail if something is missing.")
        )
    return True


def _context(
    agreement: Agreement, msa_request: MSARequest, form: PaperForm, only: Party | None = None
) -> dict[str, Any]:
    papers = [sent for sent in paper.papers_of(agreement) if only is None or sent.party == only]
    asked = [party for party in paper.asked_for(agreement) if only is None or party == only]
    return {"msa_request": msa_request, "agreement": agreement, "papers": papers, "asked_for": asked, "form": form}
