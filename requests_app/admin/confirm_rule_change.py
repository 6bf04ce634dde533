"""A save in the admin that would touch open requests lists them first, and saves on the second word."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import ngettext

from msa_portal.admin.history import KeptAdmin
from requests_app.rule_changes import products
from requests_app.rule_changes.products import Impact

MOST_LISTED = 50
_NOT_AGAIN = {"csrfmiddlewaretoken", "_confirmed"}


class ConfirmsRuleChange(KeptAdmin):
    who_is_told: Any = ""

    def ask_first(self, request: HttpRequest, impacts: list[Impact], title: str, back: str) -> HttpResponse | None:
        """The page that lists what would change; None where nothing does, or this very list was confirmed."""
        seen = products.digest(impacts)
        if not impacts or request.POST.get("_confirmed") == seen:
            return None
        typed = [(name, value) for name, values in request.POST.lists() for value in values if name not in _NOT_AGAIN]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "impacts": impacts[:MOST_LISTED],
            "count": len(impacts),
            "more": max(len(impacts) - MOST_LISTED, 0),
            "seen": seen,
            "changed_meanwhile": "_confirmed" in request.POST,
            "typed": typed,
            "who_is_told": self.who_is_told,
            "back": back,
        }
        return render(request, "admin/requests_app/product/impacts.html", context)

    def say_how_many(self, request: HttpRequest, impacts: list[Any]) -> None:
        if impacts:
            text = ngettext(
                "One open request is affected. It is noted there.",
                "%(n)s open requests are affected. It is noted on each.",
                len(impacts),
            )
            self.message_user(request, text % {"n": len(impacts)}, messages.INFO)
