"""What drf-spectacular cannot see by itself."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiResponse

from requests_app.api.serializers import ProblemSerializer


class EligibilityQuestionExtension(OpenApiSerializerExtension):
    """The serializer refuses a field that it does not know, and text with a NUL."""

    target_class = "requests_app.api.serializers.EligibilityQuestionSerializer"

    def map_serializer(self, auto_schema: AutoSchema, direction: Any) -> dict[str, Any]:
        schema: dict[str, Any] = super().map_serializer(auto_schema, direction)
        schema["additionalProperties"] = False
        return schema


def problems(*statuses: tuple[int, str]) -> dict[Any, OpenApiResponse]:
    """Error answers of a view, by status and what it means."""
    return {
        (status, "application/problem+json"): OpenApiResponse(ProblemSerializer, description)
        for status, description in statuses
    }
