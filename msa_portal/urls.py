"""Every address of the portal (the API's are in api_urls)."""

from django.apps import apps
from django.contrib import admin
from django.urls import include, path

handler400 = "msa_portal.public.views.bad_request"
urlpatterns = [
    path("", include("msa_portal.public.urls")),
    path("accounts/", include("msa_portal.accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("msa_portal.api_urls")),
    path("", include("requests_app.urls")),
    path("", include("payments.urls")),
    path("", include("fieldwork.urls")),
]
if apps.is_installed("demo"):
    urlpatterns.append(path("demo/", include("demo.urls")))
