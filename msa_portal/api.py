"""What every API view shares: problem+json errors (RFC 9457) and pages by cursor."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions, pagination, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, set_rollback

from msa_portal.errors import Refused


class CursorPagination(pagination.CursorPagination):
    page_size = 50
    max_page_size = 200
    page_size_query_param = "limit"
    ordering = "-pk"

    def get_page_size(self, request: Request) -> int:
        """A limit that cannot be used is an error that names it, not a page of another size."""
        wanted = request.query_params.get("limit")
        if wanted is None:
            return self.page_size
        if not re.fullmatch(r"[0-9]{1,4}", wanted) or not 1 <= int(wanted) <= self.max_page_size:
            message = _("Must be a whole number from 1 to %(most)s.") % {"most": self.max_page_size}
            raise exceptions.ValidationError({"limit": [message]})
        return int(wanted)

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        parameters = super().get_schema_operation_parameters(view)
        for parameter in parameters:
            if parameter["name"] == "limit":
                parameter["schema"] |= {"minimum": 1, "maximum": self.max_page_size, "default": self.page_size}
        return parameters


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
