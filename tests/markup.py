"""A page's source, independent of how its template is broken into lines."""

from __future__ import annotations

import re

BLOCKS = (
    "address|article|blockquote|body|br|caption|dd|details|div|dl|dt|fieldset|figcaption|figure|footer|form|h[1-6]|head"
    "|header|hr|html|legend|li|link|main|meta|nav|ol|optgroup|option|p|script|section|summary|table|tbody|td|tfoot|th"
    "|thead|title|tr|ul"
)
EDGE = re.compile(rf" ?(</?(?:{BLOCKS})\b[^>]*>) ?", re.IGNORECASE)


def laid_out(html: str) -> str:
    """The source without the whitespace that a browser does not lay out: one blank for many, none beside a block."""
    html = re.sub(r"\s+", " ", html)
    return EDGE.sub(r"\1", html.replace(" >", ">"))
