from django.urls import path

from msa_portal.accounts import views

app_name = "accounts"
urlpatterns = [
    path("home/", views.home, name="home"),
    path("details/", views.profile, name="profile"),
    path("company/", views.company, name="company"),
]
