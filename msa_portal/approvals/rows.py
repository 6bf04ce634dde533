"""Published rows that two people change: fees, canned reasons, figures about money (D23).

The draft is the proposal: it holds the new values, and the row changes when they take effect.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.approvals import services
from msa_portal.approvals.models import Proposal
from msa_portal.approvals.services import Kind
from msa_portal.db import lock
from msa_portal.errors import Refused, Stale


def register(model: type[models.Model], *, also: Callable[[Any], None] = lambda _row: None) -> None:
    """Rows of this model change by two people. `also` raises `Refused` for a row that may not be published now."""

    def check(proposal: Proposal) -> None:
        also(_changed(proposal))

    def apply(proposal: Proposal) -> None:
        row = _changed(proposal)
        also(row)
        row._history_user = proposal.decided_by
        row.save()

    options = model._meta
    services.register(
        Kind(
            name=_kind(model),
            title=options.verbose_name or "",
            permission=f"{options.app_label}.change_{options.model_name}",
            apply=apply,
            check=check,
            facts=_facts,
        )
    )


def propose(
    row: models.Model, names: list[str], *, by: User, effective_on: date | None = None, reason: str = ""
) -> Proposal:
    """Propose the row as it is now, not saved, with those of its fields that differ or, of a new one, are set."""
    stored = type(row)._default_manager.filter(pk=row.pk).first() if row.pk else None
    values = {name: _as_text(row, name) for name in names}
    before = {name: _as_text(stored, name) for name in names} if stored else {}
    digest = hashlib.sha256(repr(sorted(values.items())).encode()).hexdigest()[:16]
    options = type(row)._meta
    return services.propose(
        _kind(type(row)),
        f"{options.label_lower}:{row.pk or f'new-{digest}'}",
        subject=f"{capfirst(options.verbose_name)}: {row}",
        payload={"pk": row.pk, "before": before, "values": values},
        by=by,
        reason=reason,
        effective_on=effective_on,
    )


def waiting_for(row: models.Model) -> Proposal | None:
    return services.open_proposal(_kind(type(row)), f"{type(row)._meta.label_lower}:{row.pk}")


def _kind(model: type[models.Model]) -> str:
    return f"row:{model._meta.label_lower}"


def _changed(proposal: Proposal) -> Any:
    """The row with the new values, locked and not saved. Raises `Stale` if the row isn't what the proposer saw."""
    model: Any = _model(proposal)
    row = lock(model(pk=proposal.payload["pk"])) if proposal.payload["pk"] else model()
    if any(_as_text(row, name) != text for name, text in proposal.payload["before"].items()):
        raise Stale(
            _("This changed since it was proposed. Decline it, and propose it again from what's there now."),
            code="stale",
        )
    for name, text in proposal.payload["values"].items():
        setattr(row, name, model._meta.get_field(name).to_python(text))
    try:
        row.full_clean()
    except ValidationError as error:
        raise Refused(" ".join(error.messages), code="invalid") from error
    return row


def _facts(proposal: Proposal) -> list[tuple[Any, Any]]:
    """Each field with its new value, and what it was before."""
    model, before = _model(proposal), proposal.payload["before"]
    facts = []
    for name, text in proposal.payload["values"].items():
        label, after = capfirst(_field(model, name).verbose_name), _shown(text)
        if name in before:
            after = _("%(after)s (now: %(before)s)") % {"after": after, "before": _shown(before[name])}
        facts.append((label, after))
    return facts


def _model(proposal: Proposal) -> type[models.Model]:
    return apps.get_model(proposal.kind.removeprefix("row:"))


def _as_text(row: models.Model, name: str) -> str | None:
    return None if getattr(row, name) is None else str(_field(type(row), name).value_to_string(row))


def _field(model: type[models.Model], name: str) -> Any:
    return model._meta.get_field(name)


def _shown(text: str | None) -> str:
    return text or "–"
