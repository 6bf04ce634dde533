"""One service account, one open request (D27): which requests exclude each other, for one in Python, for many in SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from requests_app.enums import RequestType

if TYPE_CHECKING:
    from requests_app.models.request import MSARequest

_MAINTENANCE, _DEVICE = "maintenance", "device"


def account_of(msa_request: MSARequest) -> str:
    """The service account's number as it's compared: letters and digits."""
    return "".join(letter for letter in msa_request.account_number.upper() if letter.isalnum())


def account_key(msa_request: MSARequest) -> str:
    """The account and the kind of work, since maintenance excludes only maintenance. Empty if either is missing."""
    account = account_of(msa_request)
    if not account or not msa_request.request_type:
        return ""
    work = _MAINTENANCE if msa_request.request_type == RequestType.MAINTENANCE else _DEVICE
    return f"{work} {account}"


def others_on_account(msa_request: MSARequest) -> QuerySet[Any]:
    """The other submitted, open requests that exclude this one. Not scoped: show them only as far as `visible_to` allows."""
    requests = apps.get_model("requests_app", "MSARequest")._default_manager
    return requests.filter(holds_account=account_key(msa_request) or None).exclude(pk=msa_request.pk)


def is_allowed(msa_request: MSARequest) -> bool:
    """Whether staff allowed it beside the others. Another account number, or other work, takes that back."""
    return bool(msa_request.allowed_account) and msa_request.allowed_account == account_key(msa_request)


def has_its_place(msa_request: MSARequest) -> bool:
    """Whether it was submitted for this account already, or is allowed: no other request is in its way then."""
    return is_allowed(msa_request) or bool(msa_request.holds_account == account_key(msa_request) != "")


def on_account_in_use() -> Exists:
    """For a query of requests: whether `others_on_account` would return any."""
    requests = apps.get_model("requests_app", "MSARequest")._default_manager
    same = requests.filter(~Q(pk=OuterRef("pk")), holds_account=OuterRef("account_key"))
    return Exists(same.annotate(key=F("holds_account")).values("key"))
