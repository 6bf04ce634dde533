"""The REST API's addresses, under /api/v1/."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from payments.api import FeesView

urlpatterns = [
    path("", include("requests_app.api.urls")),
    path("fees/", FeesView.as_view(), name="api-fees"),
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="api-schema"), name="api-docs"),
]
