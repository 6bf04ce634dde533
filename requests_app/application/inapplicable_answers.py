"""Answers to questions that are not asked any more, since the type or the device changed.

They wait while the form is being filled in, so that a slip of the finger costs nothing. They are
dropped before anybody relies on them: agreement, record, screening, technician.
"""

from __future__ import annotations

from typing import Any

from requests_app.application import steps
from requests_app.models import MSARequest

# Not asked where the customer has an account, and yet a fact: the address that the account brought along.
_ALWAYS_KEPT = frozenset({"customer_email"})


def clear_inapplicable_answers(msa_request: MSARequest) -> list[str]:
    """Empty them, and say which. The caller holds the lock; nobody sees them, so the version stays."""
    shown = {name for step in steps.STEPS for name in step.shown_fields(msa_request)} | _ALWAYS_KEPT
    dropped = [name for name in steps.ALL_FIELDS if name not in shown and _empty(msa_request, name)]
    if dropped:
        msa_request.save(update_fields=dropped)
    return dropped


def _empty(msa_request: MSARequest, name: str) -> bool:
    """Whether there was anything to empty."""
    field: Any = MSARequest._meta.get_field(name)
    nothing = None if field.null else field.get_default()
    if getattr(msa_request, name) == nothing:
        return False
    setattr(msa_request, name, nothing)
    return True
