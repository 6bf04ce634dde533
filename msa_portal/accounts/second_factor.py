"""Who needs a second step at sign-in, and what counts as one."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.models import AnonymousUser

from msa_portal.accounts.models import User

# Recovery codes stand in for one of these; alone they are none.
_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def is_required(user: User | AnonymousUser) -> bool:
    return settings.SECOND_FACTOR_REQUIRED and user.is_authenticated and user.needs_second_factor


def is_set_up(user: User | AnonymousUser) -> bool:
    return Authenticator.objects.filter(user_id=user.pk, type__in=_FACTORS).exists()


def is_last_required(authenticator: Authenticator) -> bool:
    """Without it, somebody whose role needs a second step would have none."""
    if authenticator.type not in _FACTORS or not is_required(authenticator.user):
        return False
    return (
        not Authenticator.objects.filter(user=authenticator.user, type__in=_FACTORS)
        .exclude(pk=authenticator.pk)
        .exists()
    )
