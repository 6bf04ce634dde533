from django.urls import path

from msa_portal.accounts import views

app_name = "accounts"
urlpatterns = [
    path("home/", views.home, name="home"),
    path("details/", views.profile, name="profile"),
    path("devices/<int:pk>/sign-out/", views.end_session, name="end_session"),
    path("reauthenticate/code/", views.reauthenticate_by_code, name="reauthenticate_by_code"),
    path("company/", views.company, name="company"),
    path("company/members/", views.add_member, name="add_member"),
    path("company/members/<int:pk>/remove/", views.remove_member, name="remove_member"),
    path("company/members/<int:pk>/manager/", views.make_manager, name="make_manager"),
]
