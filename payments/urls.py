from django.urls import path, register_converter

from payments import statement_views, views, webhooks
from payments.months import MonthConverter

register_converter(MonthConverter, "month")

app_name = "payments"
urlpatterns = [
    path("requests/<str:reference>/fee/", views.fee, name="fee"),
    path("requests/<str:reference>/fee/cancel/", views.cancel, name="cancel"),
    path("requests/<str:reference>/fee/canceled/", views.canceled, name="canceled"),
    path("requests/<str:reference>/fee/pay/", views.pay, name="pay"),
    path("requests/<str:reference>/fee/returned/", views.returned, name="returned"),
    path("requests/<str:reference>/fee/submit/", views.submit, name="submit"),
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
