from django.urls import include, path

from fieldwork import customer_urls, views

app_name = "fieldwork"
urlpatterns = [
    path("field/api/", include("fieldwork.phone.urls")),
    path("field/", views.day, name="day"),
    path("field/visits/<int:pk>/", views.visit, name="visit"),
    path("field/visits/<int:pk>/on-site/", views.on_site, name="on_site"),
    path("field/visits/<int:pk>/close-out/", views.close_out, name="close_out"),
    path("field/visits/<int:pk>/flyer/", views.flyer, name="flyer"),
    path("field/visits/<int:pk>/site-photos/<int:site_photo>/", views.site_photo, name="site_photo"),
    path("field/photos/<int:pk>/", views.photo, name="photo"),
    *customer_urls.urlpatterns,
]
