"""The request form: what is asked, in which words, and how an answer is read."""

from requests_app.forms.start import StartForm, facts_from_answers
from requests_app.forms.step import StepForm

__all__ = ["StartForm", "StepForm", "facts_from_answers"]
