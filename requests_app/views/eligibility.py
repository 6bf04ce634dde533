"""The public eligibility check: judged live, nothing stored, and carried over to a request on demand."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from msa_portal.business_days.calendar import local_day
from msa_portal.guards import public
from requests_app.eligibility import Verdict, judge
from requests_app.forms.eligibility import EligibilityForm
from requests_app.views.application import ELIGIBILITY_ANSWERS


@public
@require_safe
@never_cache
@vary_on_headers("HX-Request")
def check(request: HttpRequest) -> HttpResponse:
    """The page, or for the page's script the answer alone. The address holds the answers."""
    template = (
        "requests_app/eligibility/answer.html"
        if getattr(request, "htmx", False)
        else "requests_app/eligibility/check.html"
    )
    return render(request, template, _context(request.GET))


@public
@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Keep the answers for the request form, which takes them over after sign-in."""
    request.session[ELIGIBILITY_ANSWERS] = EligibilityForm(request.POST).answers()
    return redirect("requests:new")


def _context(data: QueryDict) -> dict[str, Any]:
    today = local_day(timezone.now())
    form = EligibilityForm(data)
    verdict = judge(form.facts(on=today), on=today)
    return {
        "form": form,
        "verdict": verdict,
        "open_questions": form.labels(verdict.unknown),
        **_answers_about_panel(data, verdict),
        "by_telephone": form.draft.request_type == "maintenance",
    }


def _answers_about_panel(data: QueryDict, verdict: Verdict) -> dict[str, str]:
    """The addresses of this page with the question about the panel answered: yes that one, or no (E8)."""
    suggestion = next((finding.suggestion for finding in verdict.findings if finding.suggestion), "")
    if not suggestion:
        return {}
    yes, no = data.copy(), data.copy()
    yes["panel_model"] = suggestion
    no["panel_model_confirmed"] = str(data["panel_model"])
    return {"panel_yes": f"?{yes.urlencode()}#answer", "panel_no": f"?{no.urlencode()}#answer"}
