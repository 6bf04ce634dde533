from django.urls import URLPattern, path

from demo import mailbox

app_name = "demo"
urlpatterns: list[URLPattern] = [
    path("mailbox/", mailbox.mailbox, name="mailbox"),
    path("mailbox/<int:pk>/", mailbox.mail, name="mail"),
    path("mailbox/<int:pk>/attachments/<int:number>/", mailbox.mail_attachment, name="mail_attachment"),
    path("mailbox/<int:pk>/html/", mailbox.mail_html, name="mail_html"),
]
