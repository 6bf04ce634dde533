from django.urls import path

from payments import views, webhooks

app_name = "payments"
urlpatterns = [
    path("payments/", views.fee, name="several"),
    path("payments/<int:pk>/returned/", views.fee, name="joint_returned"),
    path("requests/<str:reference>/fee/", views.fee, name="fee"),
    path("requests/<str:reference>/fee/cancel/", views.cancel, name="cancel"),
    path("requests/<str:reference>/fee/canceled/", views.canceled, name="canceled"),
    path("requests/<str:reference>/fee/pay/", views.pay, name="pay"),
    path("requests/<str:reference>/fee/returned/", views.returned, name="returned"),
    path("requests/<str:reference>/fee/submit/", views.submit, name="submit"),
    path("requests/<str:reference>/receipt/<int:payment_id>/", views.receipt, name="receipt"),
    path("webhooks/stripe/", webhooks.stripe, name="webhook"),
]
