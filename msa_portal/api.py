"""What every API view shares: problem+json errors (RFC 9457) and pages by cursor."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions, pagination, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from msa_portal.errors import Refused


class CursorPagination(pagination.CursorPagination):
    page_size = 50
    max_page_size = 200
    page_size_query_param = "limit"
    ordering = "-pk"


def problem(code: str, detail: str, http_status: int, errors: dict[str, Any] | None = None) -> Response:
    body: dict[str, Any] = {"type": "about:blank", "status": http_status, "code": code, "detail": detail}
    if errors:
        body["errors"] = errors
    return Response(body, status=http_status, content_type="application/problem+json")


def problem_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    set_rollback()
    if isinstance(error, Refused):
        return problem(error.code, str(error), status.HTTP_409_CONFLICT, error.fields)
    if isinstance(error, Http404):
        return problem("not_found", _("There is nothing at this address."), status.HTTP_404_NOT_FOUND)
    if isinstance(error, RequestDataTooBig):
        return problem("too_large", _("The request is too large."), status.HTTP_413_REQUEST_ENTITY_TOO_LARGE)
    if isinstance(error, exceptions.ValidationError):
        detail = _("The request has fields that cannot be used; see errors.")
        return problem("invalid", detail, error.status_code, error.detail)  # type: ignore[arg-type]  # a dict for serializers
    if isinstance(error, exceptions.APIException):
        answer = problem(str(error.get_codes()), str(error.detail), error.status_code)
        if wait := getattr(error, "wait", None):
            answer["Retry-After"] = str(int(wait) + 1)
        return answer
    return None
