"""What owner or agent says before they pay: that open findings will be put right, and which panel it is."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.db import lock
from msa_portal.errors import Refused, Stale
from requests_app import enums, history, permissions
from requests_app.enums import EventKind
from requests_app.lifecycle import drafts
from requests_app.models import MSARequest, PanelModelAnswer, ReadinessStatement, normalized_panel_model
from requests_app.readiness import readiness


def statement_text() -> str:
    return _("I will see to it that each of these is put right before the meter technician comes.")


def state_findings(msa_request: MSARequest, *, by: User, covers: Collection[str]) -> ReadinessStatement:
    """State that the findings named in `covers` (`Item.key`) will be put right by the visit.

    They are those that the person saw: where others are open by now the statement is refused as
    stale. It takes the place of an earlier one, and the fee form may open.
    """
    with transaction.atomic():
        fresh = lock(msa_request)
        _check_may(fresh, by=by)
        open_now = readiness.check(fresh).promisable
        if not open_now:
            raise Refused(_("Nothing is left to put right, so nothing needs to be stated."), code="nothing_open")
        if {item.key for item in open_now} != set(covers):
            raise Stale(
                _("What is to be put right has changed meanwhile. Read the list again, then state it."),
                code="findings_changed",
            )
        ReadinessStatement.objects.current().filter(msa_request=fresh).update(superseded_at=timezone.now())
        statement = ReadinessStatement.objects.create(
            msa_request=fresh,
            findings=[{"rule": it.rule, "field": it.field, "message": it.why, "todo": it.todo} for it in open_now],
            text=statement_text(),
            stated_by=by,
        )
        codes = {"statement": statement.pk, "rules": [item.rule for item in open_now]}
        history.record(fresh, EventKind.READINESS_STATED, by=by, codes=codes)
    return statement


def answer_panel_model(msa_request: MSARequest, *, by: User, typed: str, meant: bool) -> MSARequest:
    """Which panel is it (E8)? Meant: the listed model takes the place of what was typed.

    Not meant: what was typed stands, and is not asked about again; staff see that it was.
    `typed` is the model that the person was asked about.
    """
    with transaction.atomic():
        fresh = lock(msa_request)
        _check_may(fresh, by=by)
        question = readiness.check(fresh).question
        if question is None or normalized_panel_model(typed) != normalized_panel_model(fresh.panel_model):
            raise Stale(_("The panel's model was changed meanwhile. Look at it again."), code="panel_model_changed")
        PanelModelAnswer.objects.create(
            msa_request=fresh,
            typed=fresh.panel_model,
            suggested=question.suggestion,
            was_meant=meant,
            answered_by=by,
        )
        if meant:
            return drafts.save_facts(fresh, {"panel_model": question.suggestion}, by=by, version=fresh.version)
        fresh.panel_model_confirmed = normalized_panel_model(fresh.panel_model)
        fresh.save(update_fields=["panel_model_confirmed"])
        history.record(fresh, EventKind.PANEL_MODEL_CONFIRMED, by=by)
    return fresh


def _check_may(msa_request: MSARequest, *, by: User) -> None:
    permissions.check_acts_for(by, msa_request)
    if msa_request.status not in enums.OWNER_HOLDS:
        raise Refused(
            _("This request is “%(status)s”, so nothing is to be stated now.")
            % {"status": msa_request.get_status_display()},
            code="not_now",
        )
