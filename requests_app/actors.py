"""How the people who acted are named to those who read of it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from msa_portal.accounts.models import User


def named(actor: User | None, viewer: User | None) -> str:
    """The actor's name; to customers and agents, whoever works for the utility is "the utility".

    `actor` None is a timer, `viewer` None is nobody in particular.
    """
    if actor is None:
        return _("the portal")
    if actor == viewer:
        return _("you")
    inside = viewer is not None and (viewer.is_staff or bool(viewer.roles))
    if not inside and (actor.is_staff or any(actor.groups.all())):
        return _("the utility")
    return str(actor)
