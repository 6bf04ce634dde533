from __future__ import annotations

from django.http import HttpRequest

from msa_portal.accounts.models import User


class SignedInRequest(HttpRequest):
    """What a view behind `login_required` is given."""

    user: User
