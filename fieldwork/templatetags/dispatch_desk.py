"""`{% dispatch_desk as desk %}`: what waits for a dispatcher, for the first page of the staff desk."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils import timezone

from fieldwork.board import tokens
from fieldwork.models import CloseOut
from msa_portal.business_days.calendar import local_day

register = template.Library()


@register.simple_tag(takes_context=True)
def dispatch_desk(context: dict[str, Any]) -> dict[str, int]:
    """Empty for whoever does not dispatch. Two queries."""
    user = context["user"]
    if not user.has_perm("fieldwork.schedule_sitevisit"):
        return {}
    today = local_day(timezone.now())
    return {
        "waiting": tokens.waiting((today, today), today=today).count(),
        "conflicts": CloseOut.objects.exclude(conflict="").filter(reviewed_at__isnull=True).count(),
    }
