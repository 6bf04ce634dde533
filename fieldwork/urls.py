from django.urls import include, path

from fieldwork import customer_urls, photo_views, views
from fieldwork.phone import pages

app_name = "fieldwork"
urlpatterns = [
    path("field/api/", include("fieldwork.phone.urls")),
    path("field/", views.day, name="day"),
    path("field/app/", pages.app, name="app"),
    path("field/sw.js", pages.service_worker, name="service_worker"),
    path("field/app.webmanifest", pages.manifest, name="manifest"),
    path("field/visits/<int:pk>/agreement/", pages.agreement, name="agreement"),
    path("field/visits/<int:pk>/", views.visit, name="visit"),
    path("field/visits/<int:pk>/on-site/", views.on_site, name="on_site"),
    path("field/visits/<int:pk>/put-back/", views.put_back, name="put_back"),
    path("field/visits/<int:pk>/close-out/", views.close_out, name="close_out"),
    path("field/visits/<int:pk>/flyer/", views.flyer, name="flyer"),
    path("field/visits/<int:pk>/site-photos/<int:site_photo>/", views.site_photo, name="site_photo"),
    path("field/photos/<int:pk>/", photo_views.photo, name="photo"),
    path("field/photos/<int:pk>/marked/", photo_views.marked, name="photo_marked"),
    path("field/photos/<int:pk>/small/", photo_views.small, name="photo_small"),
    *customer_urls.urlpatterns,
]
