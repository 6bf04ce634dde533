"""Starting a request: for whom, and with which answers of the eligibility check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from msa_portal.accounts.companies import details
from msa_portal.accounts.models import Company, User
from requests_app.application import steps
from requests_app.forms.step import StepForm
from requests_app.models import MSARequest

MYSELF = "myself"


class StartForm(forms.Form):
    """For the members of companies: for oneself, or as an agent of the company that one works for now."""

    whom = forms.ChoiceField(
        label=_("Whom is the request for?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose whom the request is for.")},
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        current = user.current_company
        self.companies = {str(current.pk): current} if current and not current.license_has_lapsed else {}
        for_customer = [
            (pk, _now("A customer, with %(company)s as their agent") % {"company": company.name})
            for pk, company in self.companies.items()
        ]
        field: Any = self.fields["whom"]
        if current and current.license_has_lapsed:  # a page from before that day
            field.error_messages["invalid_choice"] = details.reason_against_new_requests(current)
        field.choices = [*for_customer, (MYSELF, _now("Myself, for my own home"))]

    def company(self) -> Company | None:
        return self.companies.get(self.cleaned_data["whom"])


def facts_from_answers(answers: Mapping[str, Any]) -> dict[str, Any]:
    """What the form can take over of the answers kept from the eligibility check; the rest is left."""
    names = [name for name in answers if name in steps.ALL_FIELDS]
    data = {name: "" if answers[name] is None else answers[name] for name in names}
    form = StepForm(MSARequest(), names, {name: str(value) for name, value in data.items()})
    return {name: value for name, value in form.valid_changes().items() if value not in ("", None)}
