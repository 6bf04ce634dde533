"""The demo's people: one sign-in for each role, all with the same password.

Everybody is invented, and every address is of example.com, which receives no mail.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from msa_portal.accounts.roles import Role

PASSWORD = "msa-demo-2026"  # noqa: S105  # shown on purpose: these accounts exist in demo alone


@dataclass(frozen=True)
class Account:
    email: str
    name: str
    what: str | Promise
    start: str
    role: Role | None = None
    employee_number: str = ""
    is_agent: bool = False
    is_manager: bool = False


CUSTOMER = Account("customer@example.com", "Maya Ortiz", _("Customer"), "/requests/")
MANAGER = Account(
    "agent@example.com", "Ben Carter", _("Agent, manages the company"), "/requests/", is_agent=True, is_manager=True
)
COLLEAGUE = Account("colleague@example.com", "Cora Diaz", _("Agent, a colleague"), "/requests/", is_agent=True)
STAFF = Account("staff@example.com", "Sam Reyes", _("Program staff"), "/admin/", Role.PROGRAM_STAFF)
SUPERVISOR = Account("supervisor@example.com", "Sue Park", _("Supervisor"), "/admin/", Role.SUPERVISOR)
SECOND_SUPERVISOR = Account(
    "supervisor2@example.com", "Sol Rivera", _("Supervisor, the second person"), "/admin/", Role.SUPERVISOR
)
DISPATCHER = Account("dispatcher@example.com", "Dan Webb", _("Dispatcher"), "/admin/", Role.DISPATCHER)
TECHNICIAN = Account(
    "technician@example.com", "Tess Lund", _("Meter technician"), "/field/", Role.TECHNICIAN, employee_number="T-1001"
)
SECOND_TECHNICIAN = Account(
    "technician2@example.com",
    "Theo Grant",
    _("Meter technician"),
    "/field/",
    Role.TECHNICIAN,
    employee_number="T-1002",
)
ACCOUNTS = (
    *(CUSTOMER, MANAGER, COLLEAGUE, STAFF, SUPERVISOR, SECOND_SUPERVISOR),
    *(DISPATCHER, TECHNICIAN, SECOND_TECHNICIAN),
)


def sign_ins() -> str:
    """The list that a newcomer reads in the terminal."""
    width = max(len(account.email) for account in ACCOUNTS)
    kinds = max(len(str(account.what)) for account in ACCOUNTS)
    lines = [f"  {account.email:<{width}}  {account.what!s:<{kinds}}  {account.start}" for account in ACCOUNTS]
    head = _("Demo sign-ins, all with the password %(password)s") % {"password": PASSWORD}
    return "\n".join([str(head), *lines])
