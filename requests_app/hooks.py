"""What other apps add to a request's pages: sections, the money at stake, and the visit's photos.

This app may not import payments or field work, but its pages show their facts. Those apps register what
they show when they are ready.

Sections: "visit" and "money" on the request's page, "live" for what asks the server again there; "next_fee" where a next visit may cost something;
"withdraw" for what comes back; "screening" beside the facts on the screening page; "owner" on the request's
page; "checklist" on the meter technician's page of a visit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from msa_portal.accounts.models import User
from requests_app.enums import Status
from requests_app.models import MSARequest, VisitRound

Section = Callable[[MSARequest, User], tuple[str, dict[str, Any]] | None]

_sections: dict[str, list[Section]] = {}


def register_section(section: str, panel: Section) -> None:
    """Called from an app's `ready`; the order of INSTALLED_APPS is the order on the page."""
    if panel not in _sections.setdefault(section, []):
        _sections[section].append(panel)


def render_sections(section: str, msa_request: MSARequest, viewer: User, request: HttpRequest | None) -> SafeString:
    """The section's panels, one after the other."""
    filled = [panel(msa_request, viewer) for panel in _sections.get(section, [])]
    parts = [render_to_string(template, context, request=request) for template, context in filter(None, filled)]
    return format_html_join("", "{}", ((part,) for part in parts))


@dataclass(frozen=True)
class Stake:
    """Integer cents: what was paid, and how much of it D4 gives back. `lines` say that and why, visit by visit."""

    paid_cents: int = 0
    refund_cents: int = 0
    lines: tuple[str, ...] = field(default=(), compare=False)


NOTHING_PAID = gettext_lazy("You have paid nothing, so nothing comes back.")


_previews: list[Callable[[MSARequest], Stake]] = []


def register_stake(preview: Callable[[MSARequest], Stake]) -> None:
    if preview not in _previews:
        _previews.append(preview)


def stake_of(msa_request: MSARequest) -> Stake:
    stakes = [preview(msa_request) for preview in _previews]
    return Stake(
        sum(stake.paid_cents for stake in stakes),
        sum(stake.refund_cents for stake in stakes),
        tuple(line for stake in stakes for line in stake.lines),
    )


def stake_text(msa_request: MSARequest) -> str:
    """What stays, and what becomes of the money."""
    return " ".join([_kept_text(msa_request), *(stake_of(msa_request).lines or [str(NOTHING_PAID)])])


def _kept_text(msa_request: MSARequest) -> str:
    if msa_request.status == Status.UNSUBMITTED:
        return _(
            "Your answers, photos and documents stay readable, but to go on you would have to start a new request."
        )
    return _("Everything stays readable, but to get an MSA after all you would have to start a new request.")


@dataclass(frozen=True)
class ShownPhoto:
    """For whoever may see the request: a small copy to show, and the file to keep (fault 31).

    Where the technician drew on it, both are the copy with the marks. `reason` is the id of the reason that it
    shows; None where it shows none in particular.
    """

    number: int
    small_url: str
    url: str
    reason: int | None = None


type PhotoSource = Callable[[VisitRound], Iterable[ShownPhoto]]

_photo_sources: list[PhotoSource] = []


def register_visit_photos(source: PhotoSource) -> None:
    if source not in _photo_sources:
        _photo_sources.append(source)


def photos_of(visit: VisitRound) -> list[ShownPhoto]:
    """What the accepted report of that visit shows, in the order that it was taken."""
    return [photo for source in _photo_sources for photo in source(visit)]
