"""`{% page_section "money" request_ %}`: what the apps above have to say there."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import SafeString

from requests_app import hooks
from requests_app.models import MSARequest

register = template.Library()


@register.simple_tag(takes_context=True)
def page_section(context: dict[str, Any], section: str, request_: MSARequest) -> SafeString:
    request = context["request"]
    return hooks.render_sections(section, request_, request.user, request)
