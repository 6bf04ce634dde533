"""What the desk's front page tells the person who opens it."""

from __future__ import annotations

from typing import Any

from django import template

from requests_app.screening import claims

register = template.Library()


@register.simple_tag(takes_context=True)
def desk_notes(context: template.Context) -> dict[str, Any]:
    """What became of this person's decisions and claims: `notes` and `idle`."""
    return claims.desk_notes(context["request"].user)
