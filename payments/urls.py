from django.urls import path

from payments import fee_views, money_views, views, webhooks

app_name = "payments"
urlpatterns = [
    path("fees/", fee_views.fees, name="fees"),
    path("requests/<str:reference>/fee/", views.fee, name="fee"),
    path("requests/<str:reference>/fee/cancel/", views.cancel, name="cancel"),
    path("requests/<str:reference>/fee/canceled/", views.canceled, name="canceled"),
    path("requests/<str:reference>/fee/pay/", views.pay, name="pay"),
    path("requests/<str:reference>/fee/returned/", views.returned, name="returned"),
    path("requests/<str:reference>/fee/submit/", views.submit, name="submit"),
    path("requests/<str:reference>/money/", money_views.money, name="money"),
    path("requests/<str:reference>/money/refund/<int:part_id>/", money_views.ask_refund, name="ask_refund"),
    path("requests/<str:reference>/refund-note/<int:refund_id>/", money_views.refund_note, name="refund_note"),
    path("requests/<str:reference>/receipt/<int:payment_id>/", views.receipt, name="receipt"),
    path("webhooks/stripe/", webhooks.stripe, name="webhook"),
]
