from __future__ import annotations

from django import template
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.formats import usd
from payments.models import FeeSchedule
from payments.services import payable_fees
from requests_app.enums import RequestType

register = template.Library()


@register.simple_tag
def site_visit_fee() -> str:
    """What a site visit costs today (F1), such as "$279.22"."""
    schedule = FeeSchedule.objects.in_force(RequestType.INSTALL, timezone.localdate())
    return usd(schedule.amount_cents) if schedule else _("the fee in force")


@register.simple_tag
def fees_due(user: User) -> int:
    """How many fees this person could pay, at most 100."""
    return payable_fees.count(user)


@register.filter
def with_fee(text: str, fee: str) -> str:
    """A help text names the fee as `{fee}`: the figure is data (F1)."""
    return str(text).replace("{fee}", fee)
