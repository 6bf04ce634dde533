"""One step of the request form, whole or as the few fields that just changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.http import QueryDict

from requests_app.application.steps import STATEMENTS
from requests_app.forms.questions import form_field
from requests_app.models import MSARequest


class StepForm(forms.Form):
    """The named fields of that request, filled in with what is stored."""

    def __init__(self, msa_request: MSARequest, names: Iterable[str], data: Any = None, **kwargs: Any) -> None:
        names = list(names)
        initial = {name: getattr(msa_request, name) for name in names if name != "device"}
        super().__init__(data, initial=initial | {"device": msa_request.device_id}, **kwargs)
        for name in names:
            self.fields[name] = form_field(name, msa_request)

    def answered(self) -> StepForm:
        """Itself, without the questions that nobody answered in what was posted.

        A browser sends no radio button without a choice and no box without a tick. Nobody can take a choice back, so
        an empty one is no answer either (fault 64). A statement counts where its box was on the page.
        """
        shown = self.data.getlist("shown") if isinstance(self.data, QueryDict) and "shown" in self.data else STATEMENTS
        for name in list(self.fields):
            is_choice = isinstance(self.fields[name].widget, forms.RadioSelect)
            if name in self.data:
                is_answer = bool(self.data[name]) or not is_choice
            else:
                is_answer = name in STATEMENTS and name in shown
            if not is_answer:
                del self.fields[name]
        return self

    def valid_changes(self) -> dict[str, Any]:
        """The answers that can be read; those that cannot don't hold them up."""
        self.is_valid()
        return {name: self.cleaned_data[name] for name in self.fields if name not in self.errors}
