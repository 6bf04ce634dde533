from django.urls import path, register_converter

from payments.months import MonthConverter
from payments.views import fee, fee_schedules, money, multi_fee, pay_link, statements, webhooks

register_converter(MonthConverter, "month")

app_name = "payments"
urlpatterns = [
    path("fees/", fee_schedules.fees, name="fees"),
    path("pay/<str:token>/", pay_link.link, name="link"),
    path("pay/<str:token>/pay/", pay_link.pay, name="link_pay"),
    path("pay/<str:token>/receipt/", pay_link.receipt, name="link_receipt"),
    path("pay/<str:token>/returned/", pay_link.returned, name="link_returned"),
    path("payments/", multi_fee.several, name="several"),
    path("payments/pay/", multi_fee.pay, name="pay_several"),
    path("payments/<int:pk>/cancel/", multi_fee.cancel, name="cancel_joint"),
    path("payments/<int:pk>/returned/", multi_fee.returned, name="joint_returned"),
    path("requests/<str:reference>/fee/", fee.fee, name="fee"),
    path("requests/<str:reference>/fee/cancel/", fee.cancel, name="cancel"),
    path("requests/<str:reference>/fee/canceled/", fee.canceled, name="canceled"),
    path("requests/<str:reference>/fee/invite/", pay_link.invite, name="invite"),
    path("requests/<str:reference>/fee/invite/cancel/", pay_link.uninvite, name="uninvite"),
    path("requests/<str:reference>/fee/pay/", fee.pay, name="pay"),
    path("requests/<str:reference>/fee/returned/", fee.returned, name="returned"),
    path("requests/<str:reference>/fee/submit/", fee.submit, name="submit"),
    path("requests/<str:reference>/money/", money.money, name="money"),
    path("requests/<str:reference>/money/refund/<int:part_id>/", money.ask_refund, name="ask_refund"),
    path("requests/<str:reference>/refund-note/<int:refund_id>/", money.refund_note, name="refund_note"),
    path("requests/<str:reference>/receipt/<int:payment_id>/", fee.receipt, name="receipt"),
    path("statements/", statements.index, name="statements"),
    path("statements/<month:month>/", statements.statement, name="statement"),
    path("statements/<month:month>.pdf", statements.pdf, name="statement_pdf"),
    path("statements/<month:month>.csv", statements.csv, name="statement_csv"),
    path("statements/<int:company_id>/<month:month>/", statements.statement, name="company_statement"),
    path("statements/<int:company_id>/<month:month>.pdf", statements.pdf, name="company_statement_pdf"),
    path("statements/<int:company_id>/<month:month>.csv", statements.csv, name="company_statement_csv"),
    path("webhooks/stripe/", webhooks.stripe, name="webhook"),
]
