"""The public API: products and eligibility. No key, no session, no cookie."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from msa_portal.business_days.calendar import local_day
from msa_portal.guards import Guard
from requests_app.api.parsers import FlatJSONParser
from requests_app.api.schema import problems
from requests_app.api.serializers import (
    EligibilityAnswerSerializer,
    EligibilityQuestionSerializer,
    ProductSerializer,
)
from requests_app.eligibility import facts_from, judge
from requests_app.models import Product
from requests_app.throttling import PublicThrottle

THROTTLED = (429, "More than 2,000 calls an hour from one address.")


class PublicView(APIView):
    # A session would bring CSRF checks to a call that changes nothing.
    authentication_classes = ()
    permission_classes = (AllowAny,)
    guard = Guard.PUBLIC
    throttle_classes = (PublicThrottle,)
    parser_classes = (FlatJSONParser,)


class EligibilityView(PublicView):
    @extend_schema(
        operation_id="eligibility_check",
        summary="Check eligibility",
        description="Judges what is known of a site by the program's rules. Nothing is kept.",
        tags=["public"],
        auth=[],
        request=EligibilityQuestionSerializer,
        responses={
            200: EligibilityAnswerSerializer,
            **problems(
                (400, "A field that cannot be used; `errors` names it."),
                (413, "The request is too large."),
                (415, "The request is not JSON."),
                THROTTLED,
            ),
        },
        examples=[
            OpenApiExample(
                "A panel that is not suited",
                {"request_type": "install", "service_class": "residential", "panel_model": "MBED3042B200PV"},
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        question = EligibilityQuestionSerializer(data=request.data)
        question.is_valid(raise_exception=True)
        today = local_day(timezone.now())
        verdict = judge(facts_from(question.validated_data, on=today), on=today)
        return Response(EligibilityAnswerSerializer(verdict).data)


class ProductListView(PublicView, ListAPIView[Product]):
    serializer_class = ProductSerializer

    def get_queryset(self) -> QuerySet[Product]:
        """Every product that was ever approved: the dates say whether it is today."""
        return Product.objects.filter(approved_from__isnull=False)

    @extend_schema(
        operation_id="products_list",
        summary="Approved Product List",
        description="The devices of the Approved Product List, with the days between which each is approved.",
        tags=["public"],
        auth=[],
        responses={
            200: ProductSerializer,
            **problems((400, "A limit that cannot be used."), (404, "The cursor is not one of ours."), THROTTLED),
        },
    )
    def get(self, request: Request) -> Response:
        return self.list(request)
