"""The roles of program.md, "People": a group per staff role, with the permissions it carries.

Customers and agents have no group: a customer is anybody with an account, an agent is a member
of a company. Groups are made after each migration, so that a new permission reaches its role.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    PROGRAM_STAFF = "program_staff", _("Program staff")
    SUPERVISOR = "supervisor", _("Supervisor")
    DISPATCHER = "dispatcher", _("Dispatcher")
    TECHNICIAN = "technician", _("Meter technician")
    RECORD_KEEPER = "record_keeper", _("Record keeper")


# Roles whose holders see every request.
OFFICE_ROLES = frozenset({Role.PROGRAM_STAFF, Role.SUPERVISOR, Role.DISPATCHER})
# Roles whose holders work on the staff desk.
DESK_ROLES = OFFICE_ROLES | {Role.RECORD_KEEPER}
# Roles that need a second factor outside demo.
SECOND_FACTOR_ROLES = frozenset(Role)

_VIEW_CASEWORK = {
    "requests_app": [
        "view_msarequest",
        "view_requestevent",
        "view_serviceaccount",
        "view_agreement",
        "view_signature",
        "view_product",
        "view_incompatiblepanel",
        "view_correctionreason",
        "view_outcomereason",
        "view_visitround",
        "view_correction",
        "view_agreementwording",
        "view_programsettings",
        "view_paperreason",
        "view_papersigning",
        "view_panelrestriction",
    ],
    "payments": [
        *("view_fee", "view_payment", "view_refund", "view_feeschedule", "view_providerevent"),
        *("view_reconciledday", "view_reconciliationitem"),
    ],
    "fieldwork": [
        *("view_serviceorder", "view_sitevisit", "view_technician", "view_closeout", "view_skill", "view_district"),
        *("view_districtzip", "view_yard", "view_workinghours", "view_absence", "view_visitduration", "view_planrun"),
        *("view_daychange", "view_unsuitableday", "view_ruleproposal"),
    ],
    "notices": ["view_noticemessage"],
    "business_days": ["view_closureday"],
    "accounts": ["view_company", "view_membership"],
}
_SCREEN = {
    "requests_app": ["screen_msarequest", "withdraw_msarequest"],
    "payments": ["propose_refund", "view_dispute", "view_ledgerentry"],
    "fieldwork": ["issue_serviceorder"],
    "notices": ["resend_noticemessage"],
    "accounts": ["verify_company"],
}
_EDIT_REFERENCE = {
    "requests_app": [
        f"{verb}_{model}"
        for model in (
            "product",
            "incompatiblepanel",
            "correctionreason",
            "outcomereason",
            "paperreason",
            "agreementwording",
            "panelrestriction",
        )
        for verb in ("add", "change")
    ]
    + ["change_programsettings", "delete_incompatiblepanel"],
    "payments": [
        "add_feeschedule",
        "change_feeschedule",
        "approve_refund",
        "waive_fee",
        "resolve_difference",
        "export_ledgerentry",
    ],
    "business_days": ["add_closureday", "change_closureday", "delete_closureday"],
    "fieldwork": ["add_technician", "change_technician", "decide_ruleproposal"],
    "accounts": ["view_user", "change_user", "change_company", "change_membership"],
}
_DISPATCH = {
    "fieldwork": [
        *("schedule_sitevisit", "issue_serviceorder", "review_closeout"),
        *(
            f"{verb}_{model}"
            for model in ("technician", "skill", "district", "yard", "visitduration")
            for verb in ("add", "change")
        ),
        *(
            f"{verb}_{model}"
            for model in ("districtzip", "workinghours", "absence")
            for verb in ("add", "change", "delete")
        ),
    ],
}

# The utility's record, which screening compares with: its keeper screens nothing (D23).
_KEEP_RECORD = {"requests_app": [f"{verb}_serviceaccount" for verb in ("view", "add", "change")]}

ROLE_PERMISSIONS: dict[Role, list[dict[str, list[str]]]] = {
    Role.PROGRAM_STAFF: [_VIEW_CASEWORK, _SCREEN],
    Role.SUPERVISOR: [_VIEW_CASEWORK, _SCREEN, _EDIT_REFERENCE, _DISPATCH],
    Role.DISPATCHER: [_VIEW_CASEWORK, _DISPATCH],
    Role.TECHNICIAN: [],
    Role.RECORD_KEEPER: [_KEEP_RECORD],
}


def sync_role_groups(**_kwargs: Any) -> None:
    """Give each role's group just the permissions that stand above, as far as they exist yet."""
    from django.contrib.auth.models import Group, Permission  # noqa: PLC0415  (the accounts' models import this module)

    for role, parts in ROLE_PERMISSIONS.items():
        group, _created = Group.objects.get_or_create(name=role.value)
        wanted = models.Q(pk__in=[])
        for part in parts:
            for app, codenames in part.items():
                wanted |= models.Q(content_type__app_label=app, codename__in=codenames)
        group.permissions.set(Permission.objects.filter(wanted))
