"""Addresses of what customers and agents see of their visits."""

from django.urls import path

from fieldwork.views import another_day, calendars, visit_days

urlpatterns = [
    path("calendar/", calendars.address, name="calendar"),
    path("calendar/<str:token>.ics", calendars.feed, name="feed"),
    path("requests/<str:reference>/visit.ics", calendars.visit, name="visit_file"),
    path("requests/<str:reference>/visit/another-day/", another_day.another_day, name="another_day"),
    path("requests/<str:reference>/visit/another-day/none-suits/", another_day.none_suits, name="none_suits"),
    path("requests/<str:reference>/visit/days/", visit_days.days, name="unsuitable_days"),
    path("requests/<str:reference>/visit/today/", visit_days.today, name="today"),
]
