from django.urls import include, path

from fieldwork import customer_urls
from fieldwork.phone import pages
from fieldwork.views import photos, technician

app_name = "fieldwork"
urlpatterns = [
    path("field/api/", include("fieldwork.phone.urls")),
    path("field/", technician.day, name="day"),
    path("field/app/", pages.app, name="app"),
    path("field/sw.js", pages.service_worker, name="service_worker"),
    path("field/app.webmanifest", pages.manifest, name="manifest"),
    path("field/visits/<int:pk>/agreement/", pages.agreement, name="agreement"),
    path("field/visits/<int:pk>/", technician.visit, name="visit"),
    path("field/visits/<int:pk>/on-site/", technician.on_site, name="on_site"),
    path("field/visits/<int:pk>/off-site/", technician.off_site, name="off_site"),
    path("field/visits/<int:pk>/put-back/", technician.put_back, name="put_back"),
    path("field/visits/<int:pk>/close-out/", technician.close_out, name="close_out"),
    path("field/visits/<int:pk>/flyer/", technician.flyer, name="flyer"),
    path("field/visits/<int:pk>/site-photos/<int:site_photo>/", technician.site_photo, name="site_photo"),
    path("field/photos/<int:pk>/", photos.photo, name="photo"),
    path("field/photos/<int:pk>/marked/", photos.marked, name="photo_marked"),
    path("field/photos/<int:pk>/small/", photos.small, name="photo_small"),
    *customer_urls.urlpatterns,
]
