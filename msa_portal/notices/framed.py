"""Showing the HTML of a mail inside a page, where nothing in it can act (fault 48)."""

from __future__ import annotations

from collections.abc import Collection

from django.utils.csp import CSP

# Mail clients need inline styles, so mail has them; nothing else is let through.
POLICY: dict[str, Collection[str] | str] = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.UNSAFE_INLINE],
    "frame-ancestors": [CSP.SELF],
    "sandbox": "",
}
POLICY_WITH_LINKS: dict[str, Collection[str] | str] = POLICY | {"sandbox": ["allow-top-navigation-by-user-activation"]}


def with_links_to_top(html: str) -> str:
    """Links leave the frame: they open where the page is."""
    return html.replace("<head>", '<head><base target="_top">', 1)
