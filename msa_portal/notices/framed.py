"""Showing the HTML of a mail inside a page, where nothing in it can act (fault 48)."""

from __future__ import annotations

from django.utils.csp import CSP

# Mail clients need inline styles, so mail has them; nothing else is let through.
POLICY = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.UNSAFE_INLINE],
    "frame-ancestors": [CSP.SELF],
    "sandbox": True,
}
POLICY_WITH_LINKS = POLICY | {"sandbox": ["allow-top-navigation-by-user-activation"]}


def with_links_to_top(html: str) -> str:
    """Links leave the frame: they open where the page is."""
    return html.replace("<head>", '<head><base target="_top">', 1)
