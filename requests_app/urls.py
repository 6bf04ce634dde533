from django.urls import URLPattern, path

from requests_app import product_views

app_name = "requests"
urlpatterns: list[URLPattern] = [
    path("products/", product_views.products, name="products"),
]
