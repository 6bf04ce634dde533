"""Answers that staff enter for somebody on the phone: the customer's own form, marked as entered so. Staff never sign."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from msa_portal.errors import Refused, Stale
from msa_portal.guards import user_of
from requests_app import enums
from requests_app.application import answers, steps
from requests_app.enums import Status
from requests_app.forms import StepForm
from requests_app.forms.correction import CorrectionForm
from requests_app.forms.phone import EmailForm
from requests_app.lifecycle import drafts
from requests_app.models import Correction, MSARequest
from requests_app.screening import corrections
from requests_app.signing import address_corrections

_EMAIL = "customer_email"  # corrected by a link to the new address, never on somebody's word


def page(request: HttpRequest, msa_request: MSARequest, site: dict[str, Any], step: str) -> HttpResponse:
    """One step of the form, the items to answer, and the email address. A POST saves one of them."""
    user = user_of(request)
    if not user.has_perm("requests_app.screen_msarequest") or msa_request.status not in enums.EDITABLE:
        raise Http404
    shown = [known for known in steps.steps_for(msa_request) if known.fields]
    current = next((known for known in shown if known.slug == step), None)
    if current is None:
        raise Http404
    names = [name for name in current.shown_fields(msa_request) if name != _EMAIL]
    form: forms.Form = StepForm(msa_request, names)
    email_form, item_forms = EmailForm(msa_request=msa_request), _item_forms(msa_request)
    status = 200
    if request.method == "POST":
        what = request.POST.get("what", "")
        if what == "email":
            email_form = EmailForm(request.POST, msa_request=msa_request)
            done = email_form.is_valid() and _saved(request, lambda: _correct_email(request, msa_request, email_form))
        elif what.startswith("item-"):
            item_forms = _item_forms(msa_request, what, request.POST)
            done = what in item_forms and _saved(request, lambda: _answer_item(request, msa_request, item_forms[what]))
        else:
            # A browser sends no radio button without a choice: what isn't there wasn't answered.
            asked = [name for name in names if name in request.POST or name in steps.STATEMENTS]
            form = StepForm(msa_request, asked, request.POST)
            done = _saved(request, lambda: _save_step(request, msa_request, form)) and not form.errors
            form = StepForm(msa_request, names, request.POST) if not done else form
        if done:
            return redirect(reverse("admin:requests_app_msarequest_phone", args=[msa_request.pk, current.slug]))
        status = 409
    context = site | {
        "msa_request": msa_request,
        "title": msa_request.reference,
        "steps": shown,
        "step": current,
        "form": form,
        "email_form": email_form,
        "item_forms": [(what, form.correction, form) for what, form in item_forms.items()],
        "pending_email": address_corrections.pending(msa_request),
        "has_account": msa_request.owner_id is not None,
    }
    return render(request, "admin/requests_app/msarequest/phone.html", context, status=status)


class _ItemForm(CorrectionForm):
    def __init__(self, msa_request: MSARequest, correction: Correction, data: Any = None) -> None:
        super().__init__(msa_request, correction, data)
        self.correction = correction
        self.fields.pop(_EMAIL, None)


def _item_forms(msa_request: MSARequest, what: str = "", data: Any = None) -> dict[str, _ItemForm]:
    if msa_request.status != Status.CORRECTIONS_REQUIRED:
        return {}
    items = msa_request.corrections.unanswered().filter(document="").select_related("reason")
    keyed = ((f"item-{item.pk}", item) for item in items)
    return {key: _ItemForm(msa_request, item, data if key == what else None) for key, item in keyed}


def _saved(request: HttpRequest, save: Any) -> bool:
    """What was refused is said, and what was typed stays on the page."""
    try:
        said = save()
    except Stale as stale:
        messages.error(request, _stale_words(stale))
        return False
    except Refused as refusal:
        messages.error(request, str(refusal))
        return False
    if said:
        messages.success(request, said)
    return bool(said)


def _stale_words(stale: Stale) -> str:
    """With both values of each fact that somebody else changed (fault 16)."""
    mine, theirs, said = MSARequest(), MSARequest(), [str(stale)]
    for name, values in stale.fields.items():
        setattr(mine, name, values["yours"])
        setattr(theirs, name, values["theirs"])
        said.append(
            _("%(label)s: saved now “%(saved)s”, yours “%(yours)s”.")
            % {
                "label": steps.label(name).capitalize(),
                "saved": answers.answer_text(theirs, name),
                "yours": answers.answer_text(mine, name),
            }
        )
    return " ".join(said)


def _version(request: HttpRequest) -> int:
    posted = request.POST.get("version", "")
    return int(posted) if posted.isdecimal() and len(posted) < 10 else 0


def _save_step(request: HttpRequest, msa_request: MSARequest, form: StepForm) -> str:
    changes = form.valid_changes()
    before = msa_request.version
    saved = drafts.save_facts(msa_request, changes, by=user_of(request), version=_version(request), on_phone=True)
    msa_request.version = (
        saved.version
    )  # where the rest can't be read, the page is shown again, and knows of this save
    if saved.version == before:
        return _("Nothing on this step was changed.")
    return _("Saved. The customer sees that you entered it on the phone.")


def _answer_item(request: HttpRequest, msa_request: MSARequest, form: _ItemForm) -> str:
    if not form.is_valid():
        return ""
    corrections.answer(
        form.correction,
        by=user_of(request),
        way=form.way,
        text=form.cleaned_data["answer"],
        changes=form.changes(),
        version=_version(request),
        on_phone=True,
    )
    return _("Answered: %(item)s. The customer sends the request back.") % {"item": form.correction.reason.title}


def _correct_email(request: HttpRequest, msa_request: MSARequest, form: EmailForm) -> str:
    address = form.cleaned_data["email"]
    address_corrections.ask(msa_request, address, by=user_of(request))
    words = _("A link was emailed to %(address)s. The address changes once the customer confirms it there.")
    return words % {"address": address}
