"""The field app's own API, under /field/api/."""

from django.urls import path

from fieldwork.phone import api

urlpatterns = [
    path("who/", api.WhoView.as_view(), name="api_who"),
    path("day/", api.DayView.as_view(), name="api_day"),
    path("visits/<int:pk>/off-site/", api.OffSiteView.as_view(), name="api_off_site"),
    path("visits/<int:pk>/on-my-way/", api.OnMyWayView.as_view(), name="api_on_my_way"),
    path("visits/<int:pk>/on-site/", api.OnSiteView.as_view(), name="api_on_site"),
    path("visits/<int:pk>/give-back/", api.GiveBackView.as_view(), name="api_give_back"),
    path("reports/<uuid:report>/", api.ReportView.as_view(), name="api_report"),
    path("reports/<uuid:report>/photos/", api.PhotosView.as_view(), name="api_photos"),
    path("reports/<uuid:report>/photos/<slug:sha256>/", api.PhotoView.as_view(), name="api_photo"),
]
