"""What a person would lose or get back if the request were closed now (D4), in words.

This app may not import payments: it registers, when it is ready, how to work the money out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from msa_portal import formats
from requests_app.enums import Status
from requests_app.models import MSARequest


@dataclass(frozen=True)
class Stake:
    """Integer cents: what was paid, and how much of it D4 gives back."""

    paid_cents: int = 0
    refund_cents: int = 0


_previews: list[Callable[[MSARequest], Stake]] = []


def register(preview: Callable[[MSARequest], Stake]) -> None:
    if preview not in _previews:
        _previews.append(preview)


def of(request: MSARequest) -> Stake:
    found = [preview(request) for preview in _previews]
    return Stake(sum(each.paid_cents for each in found), sum(each.refund_cents for each in found))


def words(request: MSARequest) -> str:
    """What stays, and what becomes of the money."""
    return f"{_kept(request)} {_money(of(request))}".strip()


def _kept(request: MSARequest) -> str:
    if request.status == Status.UNSUBMITTED:
        return _(
            "Your answers, photos and documents stay readable, but to go on you would have to start a new request."
        )
    return _("Everything stays readable, but to get an MSA after all you would have to start a new request.")


def _money(stake: Stake) -> str:
    paid, back = formats.usd(stake.paid_cents), formats.usd(stake.refund_cents)
    if not stake.paid_cents:
        return _("No fee was paid, so no money is lost.")
    if not stake.refund_cents:
        return _("The fee of %(paid)s would not be refunded, because a site visit took place.") % {"paid": paid}
    if stake.refund_cents == stake.paid_cents:
        return _("The fee of %(paid)s would be proposed for a full refund.") % {"paid": paid}
    return _("Of the %(paid)s that were paid, %(back)s would be proposed for a refund.") % {"paid": paid, "back": back}
