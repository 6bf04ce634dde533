"""The corrections page: only what must change, in staff's words beside the field (C, D14)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from msa_portal.accounts.models import User
from msa_portal.errors import Refused, Stale
from msa_portal.guards import SignedInRequest, signed_in, user_of
from msa_portal.refusals import refusal_as_message
from requests_app import history
from requests_app.application import answers, steps
from requests_app.enums import CheckCode, CorrectionAnswer, CorrectionKind, DocumentKind, RecordCheck, Status
from requests_app.forms.correction import CorrectionForm, FileForm, RightForm
from requests_app.lifecycle import correction_items, policies, transitions
from requests_app.lifecycle.next_steps import after_answers
from requests_app.models import Correction, MSARequest
from requests_app.screening import corrections
from requests_app.utility_records import comparison
from requests_app.views.held_forms import takes_files
from requests_app.views.scope import acted_for_or_404

# An item about these checks, with no field of its own, is put right on the agreement's page.
_ON_THE_AGREEMENT = {CheckCode.C1, CheckCode.C2, CheckCode.C4}
_BY_FILE = {DocumentKind.SITE_PHOTO, DocumentKind.PRODUCT_DOCUMENT}


@dataclass(frozen=True)
class _Posted:
    """What was posted and could not be saved: shown again at its item."""

    correction: Correction
    way: str
    form: forms.Form


@signed_in
@require_http_methods(["GET", "POST"])
@takes_files(first=acted_for_or_404)
def page(request: SignedInRequest, reference: str) -> HttpResponse:
    msa_request, user = acted_for_or_404(request, reference)
    if msa_request.status != Status.CORRECTIONS_REQUIRED:
        messages.info(
            request,
            str(history.stale(msa_request, to=user)) if request.method == "POST" else _("Nothing is to be corrected."),
        )
        return redirect(msa_request)
    if request.method != "POST":
        return _page(request, msa_request)
    if "resubmit" in request.POST:
        return _resubmit(request, msa_request, user)
    correction = get_object_or_404(
        msa_request.corrections.open().select_related("reason"), pk=_number(request.POST.get("correction", ""))
    )
    return (
        _keep(request, correction, user)
        if "autosave" in request.POST
        else _answer(request, msa_request, correction, user)
    )


def _resubmit(request: HttpRequest, msa_request: MSARequest, user: User) -> HttpResponse:
    with refusal_as_message(request):
        transitions.resubmit(msa_request, by=user)
        messages.success(request, _("Sent back for screening. We tell you the result by e-mail."))
        return redirect(msa_request)
    return redirect(request.path)


def _keep(request: HttpRequest, correction: Correction, user: User) -> HttpResponse:
    """Autosave: what is typed at that item, with its prefix; files are not among it."""
    own = tuple(f"{kind}{correction.pk}-" for kind in "cdrf")
    typed = {name: str(value) for name, value in request.POST.items() if name.startswith(own)}
    try:
        corrections.keep_draft(correction, {**correction.draft, **typed}, by=user)
    except Refused as refusal:
        return JsonResponse({"failed": str(refusal)}, status=409)
    return JsonResponse({"saved": _("Saved. It counts as your answer once you press the button.")})


def _answer(request: HttpRequest, msa_request: MSARequest, correction: Correction, user: User) -> HttpResponse:
    """One item, in the way that was chosen: the form is shown again where it does not do."""
    way, version = request.POST.get("way", ""), _number(request.POST.get("version", ""))
    form = _form(msa_request, correction, way, request)
    if not form.is_valid():
        return _page(request, msa_request, posted=_Posted(correction, way, form), status=422)
    try:
        _save(correction, way, form, user, version)
    except Stale as stale:
        form.add_error(None, _both_versions(msa_request, stale))
        return _page(request, msa_request, posted=_Posted(correction, way, form), status=409)
    except Refused as refusal:
        form.add_error("file" if way == "file" else None, str(refusal))
        return _page(request, msa_request, posted=_Posted(correction, way, form), status=422)
    _check_record(request, msa_request, user)
    messages.success(request, _("Saved: %(item)s.") % {"item": correction.reason.title})
    return redirect(f"{request.path}#{_next(msa_request)}")


def _next(msa_request: MSARequest) -> str:
    """Where to go on: the next item without an answer, else sending it back."""
    left = msa_request.corrections.unanswered().first()
    return f"item-{left.pk}" if left else "send-back"


def _form(msa_request: MSARequest, correction: Correction, way: str, request: HttpRequest | None = None) -> forms.Form:
    """The form of that way: filled in from the request, or with what was posted."""
    data, files = (request.POST, request.FILES) if request else (None, None)
    match way:
        case "proposal":
            return forms.Form(data)
        case "right":
            return RightForm(correction, data)
        case "file":
            return FileForm(correction, data, files)
    return CorrectionForm(msa_request, correction, data, device=way == "device")


def _save(correction: Correction, way: str, form: forms.Form, user: User, version: int) -> None:
    if way == "proposal":
        corrections.use_proposal(correction, by=user, version=version)
    elif isinstance(form, FileForm):
        if correction.document not in _BY_FILE:
            raise Refused(_("No file is asked for here."), code="no_file")
        text = form.cleaned_data["answer"]
        corrections.answer_with_document(correction, form.cleaned_data["file"], by=user, text=text)
    elif isinstance(form, CorrectionForm):
        text, changes = form.cleaned_data["answer"], form.changes()
        corrections.answer(correction, by=user, way=form.way, text=text, changes=changes, version=version)
    else:
        corrections.answer(correction, by=user, way=CorrectionAnswer.RIGHT, text=form.cleaned_data["answer"])


def _number(posted: str) -> int:
    return int(posted) if posted.isdecimal() and len(posted) < 19 else 0


def _both_versions(msa_request: MSARequest, stale: Stale) -> str:
    """The refusal with what is stored now beside what was typed (fault 16)."""
    mine = MSARequest()
    parts = [str(stale)]
    msa_request.refresh_from_db()
    for name, values in stale.fields.items():
        setattr(mine, name, values["yours"])
        parts.append(
            _("%(label)s: saved now “%(saved)s”, yours “%(yours)s”.")
            % {
                "label": steps.label(name).capitalize(),
                "saved": answers.answer_text(msa_request, name),
                "yours": answers.answer_text(mine, name),
            }
        )
    return " ".join(parts)


def _check_record(request: HttpRequest, msa_request: MSARequest, user: User) -> None:
    """Number, name or ZIP changed: look the account up again."""
    msa_request.refresh_from_db()
    if not comparison.can_be_checked(msa_request):
        return
    with refusal_as_message(request, level=messages.WARNING):
        if comparison.check(msa_request, by=user, address=request.META.get("REMOTE_ADDR", "")) == RecordCheck.LATER:
            messages.info(request, str(comparison.LATER))


def _page(
    request: HttpRequest, msa_request: MSARequest, *, posted: _Posted | None = None, status: int = 200
) -> HttpResponse:
    open_items = msa_request.corrections.open().select_related("reason", "follows", "answer_document")
    items = [_item(msa_request, correction, posted) for correction in open_items]
    context = {
        "msa_request": msa_request,
        "items": items,
        "form": posted.form if posted else None,
        "left": sum(not item["correction"].answered_at for item in items),
        "why_not": policies.reason_against(policies.check_resubmit, msa_request),
        "next": after_answers(msa_request, user_of(request)),
    }
    return render(request, "requests_app/corrections.html", context, status=status)


def _item(msa_request: MSARequest, correction: Correction, posted: _Posted | None) -> dict[str, Any]:
    mine = posted if posted and posted.correction.pk == correction.pk else None

    def form(way: str) -> forms.Form:
        return mine.form if mine and mine.way == way else _form(msa_request, correction, way)

    cannot, by_file = correction.reason.kind == CorrectionKind.CANNOT_BE_SERVED, correction.document in _BY_FILE
    about_nothing = not correction.field and not correction.document
    check = correction.reason.check_code
    value_form = None if by_file else form("")
    return {
        "correction": correction,
        "cannot_be_served": cannot,
        "proposal": correction_items.proposal_in_words(correction),
        "form": value_form,
        "file_form": form("file") if by_file else None,
        "right_form": form("right") if by_file or getattr(value_form, "names", None) else None,
        "right_open": (mine is not None and mine.way == "right") or f"r{correction.pk}-answer" in correction.draft,
        "device_form": form("device") if cannot and msa_request.places_device else None,
        "device_open": mine is not None and mine.way == "device",
        "was_posted": mine is not None,
        "now": answers.answer_text(msa_request, correction.field) if correction.field else "",
        "on_the_agreement": (about_nothing and check in _ON_THE_AGREEMENT)
        or correction.document == DocumentKind.PAPER_AGREEMENT,
        "on_the_form": about_nothing and check == CheckCode.C3,
    }
