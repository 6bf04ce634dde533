"""Addresses of what customers and agents see of their visits."""

from django.urls import path

from fieldwork import another_day_views, calendar_views, wish_views

urlpatterns = [
    path("calendar/", calendar_views.address, name="calendar"),
    path("calendar/<str:token>.ics", calendar_views.feed, name="feed"),
    path("requests/<str:reference>/visit.ics", calendar_views.visit, name="visit_file"),
    path("requests/<str:reference>/visit/another-day/", another_day_views.another_day, name="another_day"),
    path("requests/<str:reference>/visit/another-day/none-suits/", another_day_views.none_suits, name="none_suits"),
    path("requests/<str:reference>/visit/days/", wish_views.days, name="unsuitable_days"),
    path("requests/<str:reference>/visit/today/", wish_views.today, name="today"),
]
