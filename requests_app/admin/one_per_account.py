"""On the screening page: the other open requests for the account, and letting this one go on beside them (D27)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from msa_portal.guards import user_of
from requests_app.forms.screening import AllowSecondRequestForm
from requests_app.lifecycle import one_per_account
from requests_app.models import MSARequest
from requests_app.models.accounts import is_allowed


def allow(request: HttpRequest, row: MSARequest) -> str:
    one_per_account.allow(row, reason=request.POST.get("reason", ""), by=user_of(request))
    return _("%(reference)s may go on beside the other request.") % {"reference": row.reference}


def context(request: HttpRequest, row: MSARequest, data: Any) -> dict[str, Any]:
    """`data`: what was typed into the form, where it was refused."""
    others = list(one_per_account.shown_to(request.user, row))
    in_the_way = bool(others) and one_per_account.is_in_the_way(row)
    return {
        "others_on_account": others,
        "allowed_beside": is_allowed(row),
        "allow_form": AllowSecondRequestForm(data, auto_id="allow_%s") if in_the_way else None,
    }
