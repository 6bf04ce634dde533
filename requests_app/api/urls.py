from django.urls import path

from requests_app.api import views

urlpatterns = [
    path("eligibility/", views.EligibilityView.as_view(), name="api-eligibility"),
    path("products/", views.ProductListView.as_view(), name="api-products"),
]
