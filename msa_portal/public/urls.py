"""Pages for everybody."""

from django.urls import path

from msa_portal import health
from msa_portal.public import views

urlpatterns = [
    path("", views.landing, name="landing"),
    path("help/", views.help_index, name="help"),
    path("help/<slug:slug>/", views.help_topic, name="help_topic"),
    path("too-large/", views.body_too_large, name="too_large"),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ReadinessView.as_view(), name="readyz"),
]
