"""Who speaks with the phone's addresses: a signed-in technician, and nobody else."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from fieldwork.models import Technician


class SignedOut(exceptions.NotAuthenticated):
    default_code = "signed_out"
    default_detail = _("You are signed out. Sign in again: what waits on this phone is sent then.")


class OldToken(exceptions.PermissionDenied):
    default_code = "csrf"
    default_detail = _("This page is from an earlier session. It is sent again with a new token.")


class PhoneSession(SessionAuthentication):
    """The portal's session. Without one the answer is 401, which the phone tells apart from a refusal (fault 58)."""

    def authenticate_header(self, request: Request) -> str:
        return "Session"

    def enforce_csrf(self, request: Request) -> None:
        try:
            super().enforce_csrf(request)
        except exceptions.PermissionDenied as error:
            raise OldToken from error


class IsTechnician(BasePermission):
    """Puts the technician on the request. To everybody else there is nothing here."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        user: Any = request.user
        if not user.is_authenticated:
            raise SignedOut
        technician = Technician.objects.select_related("user").filter(user=user, is_active=True).first()
        if technician is None or not user.is_technician:
            raise Http404
        request.technician = technician  # type: ignore[attr-defined]
        return True
