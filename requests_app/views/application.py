"""The request form: started, filled in step by step, saved on every change, reviewed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from msa_portal import formats
from msa_portal.accounts.models import User
from msa_portal.business_days.calendar import local_day
from msa_portal.errors import Refused, Stale
from msa_portal.guards import SignedInRequest, signed_in
from msa_portal.refusals import refusal_as_message, refusal_in_form
from requests_app.agreements import versions
from requests_app.application import answers, completeness
from requests_app.application import steps as application_steps
from requests_app.enums import RecordCheck, RequestType, Status
from requests_app.forms import StartForm, StepForm, facts_from_answers
from requests_app.lifecycle import drafts, one_per_account, policies
from requests_app.models import MSARequest
from requests_app.readiness import readiness
from requests_app.utility_records import comparison
from requests_app.views import photos
from requests_app.views import readiness as readiness_page
from requests_app.views.scope import acted_for_or_404

# Where the eligibility page keeps what was answered there.
ELIGIBILITY_ANSWERS = "eligibility_answers"
_READINESS = "readiness"


@signed_in
@require_http_methods(["GET", "POST"])
def new(request: SignedInRequest) -> HttpResponse:
    user = request.user
    form = StartForm(request.POST or None, user=user) if user.is_agent else None
    kept = facts_from_answers(request.session.get(ELIGIBILITY_ANSWERS) or {})
    if request.method == "POST" and (form is None or form.is_valid()):
        with refusal_in_form(form) if form else refusal_as_message(request):
            company = form.company() if form else None
            msa_request = drafts.start(by=user, company=company, answers=kept, key=_start_key(request))
            request.session.pop(ELIGIBILITY_ANSWERS, None)
            return redirect("requests:form", reference=msa_request.reference, step=application_steps.STEPS[0].slug)
    context = {"form": form, "kept": kept, "company": user.current_company, "key": _start_key(request)}
    return render(request, "requests_app/new.html", context, status=422 if form and form.errors else 200)


def _start_key(request: HttpRequest) -> UUID:
    """The key of the page that was sent; a new one for a page that is shown first."""
    try:
        return UUID(request.POST.get("key", ""))
    except ValueError:
        return uuid4()


@signed_in
@require_http_methods(["GET", "POST"])
def form_step(request: SignedInRequest, reference: str, step: str) -> HttpResponse:
    """A step as a page. A POST with `autosave` answers with JSON for the page's script."""
    msa_request, user = acted_for_or_404(request, reference)
    if step not in {shown.slug for shown in application_steps.steps_for(msa_request)}:
        raise Http404
    page = _Page(request, msa_request, user, application_steps.step(step))
    if step == application_steps.REVIEW.slug:
        return _review(page)
    if step == application_steps.PHOTOS.slug:
        return _photos(page)
    if request.method != "POST":
        return page.show(StepForm(msa_request, page.names))
    return _autosave(page) if "autosave" in request.POST else _save_whole(page)


@dataclass
class _Page:
    request: HttpRequest
    msa_request: MSARequest
    user: User
    step: application_steps.Step

    @property
    def names(self) -> list[str]:
        """The fields on the page. Maintenance is asked for by telephone first (R2, D16)."""
        return ["request_type"] if self.telephone_first else self.step.shown_fields(self.msa_request)

    @property
    def telephone_first(self) -> bool:
        return self.by_telephone and not (
            self.msa_request.account_number or self.request.session.get(self._anyway_key)
        )

    @property
    def by_telephone(self) -> bool:
        return self.step.slug == "where" and self.msa_request.request_type == RequestType.MAINTENANCE

    @property
    def _anyway_key(self) -> str:
        return f"file_anyway:{self.msa_request.pk}"

    @property
    def then(self) -> str:
        """The page that one answer was opened from, to be gone back to: the review, or what to fix before the visit."""
        asked_for = self.request.GET.get("then", "")
        return asked_for if asked_for in {application_steps.REVIEW.slug, _READINESS} else ""

    @property
    def here(self) -> str:
        return f"{self.request.path}?then={self.then}" if self.then else self.request.path

    @property
    def onward(self) -> str:
        if self.then == _READINESS:
            return reverse("requests:readiness", args=[self.msa_request.reference])
        if self.then:
            return reverse("requests:form", args=[self.msa_request.reference, self.then])
        return self.neighbor(1)

    def file_anyway(self) -> None:
        self.request.session[self._anyway_key] = True

    def neighbor(self, by: int) -> str:
        """The address of the step before or after; beyond the first one, the request's page."""
        slugs = [step.slug for step in application_steps.steps_for(self.msa_request)]
        place = slugs.index(self.step.slug) + by
        if place < 0:
            return self.msa_request.get_absolute_url()
        return reverse("requests:form", args=[self.msa_request.reference, slugs[place]])

    def context(self, form: StepForm | None = None, **more: Any) -> dict[str, Any]:
        today = local_day(timezone.now())
        gaps = completeness.gaps(self.msa_request)
        verdict = completeness.verdict(self.msa_request, on=self.msa_request.judged_on or today)
        steps = application_steps.steps_for(self.msa_request)
        slugs = [step.slug for step in steps]
        return {
            "msa_request": self.msa_request,
            "step": self.step,
            "steps": [(step, _state_of(slugs, step.slug, self.step.slug)) for step in steps],
            "number": slugs.index(self.step.slug) + 1,
            "form": form,
            "gaps": gaps,
            "verdict": verdict,
            "question": next((finding for finding in verdict.findings if finding.suggestion), None),
            "locked": policies.reason_against(policies.check_editable, self.msa_request),
            "telephone_first": self.telephone_first,
            "by_telephone": self.by_telephone,
            "checked_later": comparison.LATER if self.msa_request.record_check == RecordCheck.LATER else "",
            "back": self.neighbor(-1),
            "then": self.then,
        } | more

    def account(self) -> dict[str, Any]:
        """The other open requests for the account, as far as this person may see them (D27)."""
        return {"others_on_account": one_per_account.in_the_way_of(self.msa_request, self.user)}

    def show(self, form: StepForm, status: int = 200, **more: Any) -> HttpResponse:
        context = self.context(form, **self.account(), **more)
        return render(self.request, "requests_app/form_step.html", context, status=status)

    def part(self, name: str, context: dict[str, Any]) -> str:
        return render_to_string(f"requests_app/partials/{name}.html", context, request=self.request)


def _state_of(slugs: list[str], slug: str, current: str) -> str:
    place, here = slugs.index(slug), slugs.index(current)
    return "current" if place == here else "complete" if place < here else "ahead"


def _version(data: QueryDict) -> int:
    """The version that the person saw; a page that names none is as good as stale."""
    posted = data.get("version", "")
    return int(posted) if posted.isdecimal() and len(posted) < 10 else 0


def _sender(data: QueryDict) -> drafts.Sender:
    """The page with its number for this save, where a script numbers them."""
    page, turn, before = (data.get(name, "") for name in ("page", "turn", "before"))
    is_named = re.fullmatch(r"[0-9a-f]{1,40}", page) and turn.isdecimal() and len(turn) < 10
    return drafts.Sender(page, int(turn), before) if is_named else drafts.Sender()


def _store(page: _Page, changes: dict[str, Any]) -> str:
    """Save, and look the account up once it is named. Returns why it was not compared, if so."""
    before = page.msa_request
    posted = page.request.POST
    page.msa_request = drafts.save_facts(
        before, changes, by=page.user, version=_version(posted), sender=_sender(posted)
    )
    if page.msa_request.device_id == before.device_id:
        page.msa_request.device = before.device  # read once
    if not comparison.can_be_checked(page.msa_request):
        return ""
    try:
        check = comparison.check(page.msa_request, by=page.user, address=page.request.META.get("REMOTE_ADDR", ""))
    except Refused as refusal:
        return str(refusal)
    return str(comparison.LATER) if check == RecordCheck.LATER else ""


def _save_whole(page: _Page) -> HttpResponse:
    """Next, Back and Leave save what can be read; what cannot stays on the page as it was typed."""
    posted = page.request.POST
    if "anyway" in posted:
        page.file_anyway()
    before = page.names
    form = StepForm(page.msa_request, before, posted).answered()
    try:
        unchecked = _store(page, form.valid_changes())
    except Stale as stale:
        return _show_both_versions(page, stale)
    except Refused as refusal:
        return _show_unsaved(page, form, refusal)
    if form.errors:
        return page.show(_with_errors(page, form), status=422, unchecked=unchecked)
    if "meant" in posted:
        return _answer_panel(page)
    if unchecked:
        messages.warning(page.request, unchecked)
    return redirect(_where_to_go(page, before))


def _answer_panel(page: _Page) -> HttpResponse:
    """Which panel is it (E8)? The step is saved first, then the button's answer counts."""
    with refusal_as_message(page.request):
        messages.success(page.request, readiness_page.answer_panel(page.request, page.msa_request, page.user))
    return redirect(f"{page.here}#field-panel_model")


def _where_to_go(page: _Page, before: list[str]) -> str:
    """After saving: on, back, away; or the same step again where the answers brought new questions."""
    posted = page.request.POST
    go = posted.get("go", "next")
    if go == "leave":
        return page.msa_request.get_absolute_url()
    if go == "back":
        return page.neighbor(-1)
    if go == "stay" or "anyway" in posted or page.telephone_first or set(page.names) - set(before):
        return page.here
    return page.onward


def _show_unsaved(page: _Page, form: StepForm, refusal: Refused) -> HttpResponse:
    """Nothing is written: the page says why, with what was typed in the form, or below where there is no form now."""
    mine = MSARequest()
    typed = []
    for name in form.changed_data:
        if name in form.cleaned_data:
            setattr(mine, name, form.cleaned_data[name])
            typed.append((application_steps.label(name), answers.answer_text(mine, name)))
    messages.error(page.request, str(refusal))
    return page.show(_with_errors(page, form), status=409, unsaved=typed)


def _with_errors(page: _Page, form: StepForm) -> StepForm:
    """The step with all its fields as they are now, bound to what was typed."""
    return StepForm(page.msa_request, page.names, form.data)


def _show_both_versions(page: _Page, stale: Stale) -> HttpResponse:
    """Fault 16: nothing is written; the form keeps what was typed, beside what is stored."""
    page.msa_request.refresh_from_db()
    typed = StepForm(page.msa_request, page.names, page.request.POST)
    mine = MSARequest()
    conflicts = []
    for name, values in stale.fields.items():
        setattr(mine, name, values["yours"])
        conflicts.append(
            {
                "label": application_steps.label(name),
                "saved": answers.answer_text(page.msa_request, name),
                "typed": answers.answer_text(mine, name),
            }
        )
    return page.show(typed, status=409, conflict=str(stale), conflicts=conflicts)


def _autosave(page: _Page) -> HttpResponse:
    """Save the fields that just changed. The page gets what changed with them, and no more."""
    posted = page.request.POST
    names = [name for name in page.names if name in posted.getlist("changed")]
    form = StepForm(page.msa_request, names, posted).answered()
    try:
        unchecked = _store(page, form.valid_changes())
    except Refused as refusal:
        return JsonResponse({"code": refusal.code, "message": str(refusal)}, status=409)
    context = page.context(unchecked=unchecked)
    answer = {
        "version": page.msa_request.version,
        "saved": _("Saved at %(time)s") % {"time": formats.time_of_day(timezone.now())},
        "errors": {name: str(form[name].errors) if name in form.errors else "" for name in form.fields},
        "live": page.part("form_live", context),
    }
    if {"account_number", "request_type"} & set(names):
        answer["account"] = page.part("one_per_account", page.account())
    if "panel_model" in page.names:
        answer["question"] = page.part("panel_question", context)
    # A change of type brings or takes the telephone line too (R2); each device asks for its own things.
    if posted.getlist("shown") != page.names or {"request_type", "device"} & set(names):
        context["form"] = StepForm(page.msa_request, page.names)
        answer["fields"] = page.part("form_fields", context)
        answer["steps"] = page.part("form_steps", context)
    return JsonResponse(answer)


def _photos(page: _Page) -> HttpResponse:
    """Optional, so going on is a link; each photo is sent to `photos.page`."""
    if page.request.method == "POST":
        return redirect(page.onward)
    context = page.context(cards=photos.cards(page.msa_request), onward=page.onward)
    return render(page.request, "requests_app/form_photos.html", context)


def _review(page: _Page) -> HttpResponse:
    """Everything once more. Its one action prepares the agreement, where nothing is missing (F2)."""
    if page.request.method == "POST":
        with refusal_as_message(page.request):
            versions.prepare(page.msa_request, by=page.user)
            return redirect("requests:agreement", reference=page.msa_request.reference)
        return redirect(page.request.path)
    sections = [
        (step, answers.answers_of(page.msa_request, step))
        for step in application_steps.steps_for(page.msa_request)
        if step.fields
    ]
    context = page.context(
        sections=sections,
        cards=photos.cards(page.msa_request),
        photos_step=application_steps.PHOTOS,
        missing={gap.field for gap in completeness.gaps(page.msa_request)},
        reason=policies.reason_against(completeness.check_form_complete, page.msa_request),
        is_correcting=page.msa_request.status == Status.CORRECTIONS_REQUIRED,
        **readiness_page.context(readiness.check(page.msa_request), page.user),
    )
    return render(page.request, "requests_app/form_review.html", context)
