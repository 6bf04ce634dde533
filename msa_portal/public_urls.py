"""Pages for everybody."""

from django.urls import path

from msa_portal import public_views

urlpatterns = [path("", public_views.landing, name="landing")]
