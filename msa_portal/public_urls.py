"""Pages for everybody."""

from django.urls import path

from msa_portal import health, public_views

urlpatterns = [
    path("", public_views.landing, name="landing"),
    path("help/", public_views.help_index, name="help"),
    path("help/<slug:slug>/", public_views.help_topic, name="help_topic"),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ReadinessView.as_view(), name="readyz"),
]
