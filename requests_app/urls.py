from django.urls import URLPattern, path

from requests_app import eligibility_views, form_views, product_views, request_views

app_name = "requests"
urlpatterns: list[URLPattern] = [
    path("eligibility/", eligibility_views.check, name="eligibility"),
    path("eligibility/start/", eligibility_views.start, name="eligibility_start"),
    path("products/", product_views.products, name="products"),
    path("requests/", request_views.request_list, name="list"),
    path("requests/new/", form_views.new, name="new"),
    path("requests/<str:reference>/", request_views.detail, name="detail"),
    path("requests/<str:reference>/agent/end/", request_views.revoke_agent, name="revoke_agent"),
    path("requests/<str:reference>/form/<slug:step>/", form_views.form_step, name="form"),
]
