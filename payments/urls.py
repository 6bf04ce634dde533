from django.urls import path, register_converter

from payments import fee_views, joint_views, link_views, money_views, statement_views, views, webhooks
from payments.months import MonthConverter

register_converter(MonthConverter, "month")

app_name = "payments"
urlpatterns = [
    path("fees/", fee_views.fees, name="fees"),
    path("pay/<str:token>/", link_views.link, name="link"),
    path("pay/<str:token>/pay/", link_views.pay, name="link_pay"),
    path("pay/<str:token>/receipt/", link_views.receipt, name="link_receipt"),
    path("pay/<str:token>/returned/", link_views.returned, name="link_returned"),
    path("payments/", joint_views.several, name="several"),
    path("payments/pay/", joint_views.pay, name="pay_several"),
    path("payments/<int:pk>/cancel/", joint_views.cancel, name="cancel_joint"),
    path("payments/<int:pk>/returned/", joint_views.returned, name="joint_returned"),
    path("requests/<str:reference>/fee/", views.fee, name="fee"),
    path("requests/<str:reference>/fee/cancel/", views.cancel, name="cancel"),
    path("requests/<str:reference>/fee/canceled/", views.canceled, name="canceled"),
    path("requests/<str:reference>/fee/invite/", link_views.invite, name="invite"),
    path("requests/<str:reference>/fee/invite/cancel/", link_views.uninvite, name="uninvite"),
    path("requests/<str:reference>/fee/pay/", views.pay, name="pay"),
    path("requests/<str:reference>/fee/returned/", views.returned, name="returned"),
    path("requests/<str:reference>/fee/submit/", views.submit, name="submit"),
    path("requests/<str:reference>/money/", money_views.money, name="money"),
    path("requests/<str:reference>/money/refund/<int:part_id>/", money_views.ask_refund, name="ask_refund"),
    path("requests/<str:reference>/refund-note/<int:refund_id>/", money_views.refund_note, name="refund_note"),
    path("requests/<str:reference>/receipt/<int:payment_id>/", views.receipt, name="receipt"),
    path("statements/", statement_views.index, name="statements"),
    path("statements/<month:month>/", statement_views.statement, name="statement"),
    path("statements/<month:month>.pdf", statement_views.pdf, name="statement_pdf"),
    path("statements/<month:month>.csv", statement_views.csv, name="statement_csv"),
    path("statements/<int:company_id>/<month:month>/", statement_views.statement, name="company_statement"),
    path("statements/<int:company_id>/<month:month>.pdf", statement_views.pdf, name="company_statement_pdf"),
    path("statements/<int:company_id>/<month:month>.csv", statement_views.csv, name="company_statement_csv"),
    path("webhooks/stripe/", webhooks.stripe, name="webhook"),
]
