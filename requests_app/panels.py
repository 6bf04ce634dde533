"""Sections of a request's pages that the apps above fill.

This app may not import payments or field work, whose facts its pages show. So they register, when
they are ready, what they have to say: a callable that takes the request and the viewer and gives a
template and its context, or None where there is nothing to show.

Sections: "visit" and "money" on the request's page; "next_fee" where a next visit may cost
something; "withdraw" for what comes back; "screening" beside the facts on the screening page;
"owner" on the request's page; "checklist" on the meter technician's page of a visit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from msa_portal.accounts.models import User
from requests_app.models import MSARequest

Panel = Callable[[MSARequest, User], tuple[str, dict[str, Any]] | None]

_panels: dict[str, list[Panel]] = {}


def register(section: str, panel: Panel) -> None:
    """Called from an app's `ready`; the order of INSTALLED_APPS is the order on the page."""
    if panel not in _panels.setdefault(section, []):
        _panels[section].append(panel)


def render(section: str, request: MSARequest, viewer: User, http: HttpRequest | None) -> SafeString:
    """The section's panels, one after the other."""
    filled = [panel(request, viewer) for panel in _panels.get(section, [])]
    parts = [render_to_string(template, context, request=http) for template, context in filter(None, filled)]
    return SafeString("".join(parts))
