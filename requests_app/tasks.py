"""Jobs of the request: each takes an id, is thin, and may run twice."""

from __future__ import annotations


def kick_rendering(agreement_id: int) -> None:
    """Ask a worker to render the agreement; a sweeper finds what the broker lost."""
