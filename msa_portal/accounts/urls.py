from django.urls import path

from msa_portal.accounts import views
from msa_portal.accounts.companies import views as companies

app_name = "accounts"
urlpatterns = [
    path("home/", views.home, name="home"),
    path("signed-in-again/", views.signed_in_again, name="signed_in_again"),
    path("form-token/", views.form_token, name="form_token"),
    path("details/", views.profile, name="profile"),
    path("devices/<int:pk>/sign-out/", views.end_session, name="end_session"),
    path("reauthenticate/code/", views.reauthenticate_by_code, name="reauthenticate_by_code"),
    path("company/", companies.company, name="company"),
    path("company/edit/", companies.edit, name="edit_company"),
    path("company/close/", companies.close, name="close_company"),
    path("company/switch/", companies.switch, name="switch_company"),
    path("company/invitations/", companies.invite, name="invite_member"),
    path("company/invitations/<int:pk>/withdraw/", companies.withdraw_invitation, name="withdraw_invitation"),
    path("company/invitations/<int:pk>/again/", companies.send_invitation_again, name="send_invitation_again"),
    path("company/members/<int:pk>/remove/", companies.remove_member, name="remove_member"),
    path("company/members/<int:pk>/manager/", companies.make_manager, name="make_manager"),
    path("invitations/", companies.my_invitations, name="invitations"),
    path("invitations/<int:pk>/accept/", companies.accept_invitation, name="accept_invitation"),
    path("invitations/<int:pk>/decline/", companies.decline_invitation, name="decline_invitation"),
]
