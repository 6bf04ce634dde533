"""A refusal on a page: a message, or an error in the form."""

from __future__ import annotations

import pytest
from django import forms
from django.contrib.messages import get_messages
from django.contrib.messages.storage.fallback import FallbackStorage
from django.http import HttpRequest
from django.test import RequestFactory

from msa_portal.errors import Refused
from msa_portal.refusals import refusal_as_message, refusal_in_form


class NoteForm(forms.Form):
    note = forms.CharField()


@pytest.fixture
def request_(rf: RequestFactory) -> HttpRequest:
    request = rf.get("/")
    request.session = {}  # type: ignore[assignment]  # nothing is kept
    request._messages = FallbackStorage(request)  # type: ignore[attr-defined]
    return request


def said(request: HttpRequest) -> list[str]:
    return [f"{message.level_tag}: {message}" for message in get_messages(request)]


def test_refusal_becomes_a_message_and_ends_the_block(request_: HttpRequest):
    done = []
    with refusal_as_message(request_):
        done.append("before")
        raise Refused("The fee is paid already.", code="paid")
    with refusal_as_message(request_):
        done.append("not refused")
    assert done == ["before", "not refused"]
    assert said(request_) == ["error: The fee is paid already."]


def test_other_errors_go_on(request_: HttpRequest):
    with pytest.raises(ZeroDivisionError), refusal_as_message(request_):
        raise ZeroDivisionError
    assert said(request_) == []


@pytest.mark.parametrize(
    ("fields", "field", "at"),
    [({}, "", "__all__"), ({"note": ""}, "", "note"), ({"elsewhere": ""}, "", "__all__"), ({}, "note", "note")],
)
def test_refusal_stands_at_the_field_that_it_names(fields: dict[str, str], field: str, at: str):
    form = NoteForm({"note": "x"})
    assert form.is_valid()
    with refusal_in_form(form, field):
        raise Refused("Say why.", code="no_reason", fields=fields)
    assert form.errors == {at: ["Say why."]}
