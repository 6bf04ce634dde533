"""What the board's script says, since scripts hold no words of their own. `{…}` is filled in there."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

_METERS_PER_MILE = 1609.344


def all_words() -> dict[str, str]:
    return {
        "picked_up": _(
            "{visit} picked up. Up and down choose the technician, left and right the stop, Page Up and Page Down the day, "
            "M the morning, A the afternoon. Delete puts it to the side, Enter drops it, Escape leaves it where it was."
        ),
        "here": _("{technician}, {day}, {window}, stop {position} of {count}."),
        "here_side": _("At the side, to be planned later."),
        "asking": _("Reckoning what it costs …"),
        "keeps_rules": _("It breaks no rule."),
        "breaks": _("It breaks a rule:"),
        "dropped": _("Saving …"),
        "let_go": _("{visit} stays where it was."),
        "not_movable": _("{visit} cannot be moved: {state}."),
        "still_held": _(
            "Your move of {visit} is still in hand. Look at the lane as it is now, then place it or let it go."
        ),
        "gone": _("{visit} is not on the board any more."),
        "refreshed": _("The board changed: {lanes}. You see it as it is now."),
        "no_answer": _("The portal did not answer. The visit is where it was. Try again."),
        "signed_out": _("You are signed out. Sign in again in another tab, then try again."),
        "route_of": _("{technician}, stops: {count}"),
        "no_position": _("Without a position yet: {count}"),
        "map_of": _("Map of {day}"),
        "zoom_in": _("Zoom in"),
        "zoom_out": _("Zoom out"),
    }


def driving(seconds: int, meters: int) -> str:
    """ "12 min more driving (5.1 miles)"."""
    minutes, miles = round(abs(seconds) / 60), f"{abs(meters) / _METERS_PER_MILE:.1f}"
    if minutes == 0:
        return _("No more driving.")
    values = {"minutes": minutes, "miles": miles}
    if seconds > 0:
        return _("%(minutes)s min more driving (%(miles)s miles).") % values
    return _("%(minutes)s min less driving (%(miles)s miles).") % values


def untold(count: int) -> str:
    """On the button that leads to publishing."""
    if not count:
        return _("Nothing to publish")
    return ngettext("Publish %(count)s change", "Publish %(count)s changes", count) % {"count": count}
