from django.urls import URLPattern, path

from requests_app import (
    agreement_views,
    correction_views,
    document_views,
    eligibility_views,
    followup_views,
    form_views,
    photo_views,
    product_views,
    readiness_views,
    request_views,
    sign_views,
)

app_name = "requests"
urlpatterns: list[URLPattern] = [
    path("eligibility/", eligibility_views.check, name="eligibility"),
    path("eligibility/start/", eligibility_views.start, name="eligibility_start"),
    path("products/", product_views.products, name="products"),
    path("requests/", request_views.request_list, name="list"),
    path("requests/new/", form_views.new, name="new"),
    path("requests/<str:reference>/", request_views.detail, name="detail"),
    path("requests/<str:reference>/agent/end/", request_views.revoke_agent, name="revoke_agent"),
    path("requests/<str:reference>/agreement/", agreement_views.agreement, name="agreement"),
    path("requests/<str:reference>/agreement/invite/", agreement_views.invite, name="agreement_invite"),
    path("requests/<str:reference>/agreement/sign/", agreement_views.sign, name="agreement_sign"),
    path("requests/<str:reference>/documents/<int:pk>/", document_views.document, name="document"),
    path("requests/<str:reference>/corrections/", correction_views.corrections, name="corrections"),
    path("requests/<str:reference>/form/<slug:step>/", form_views.form_step, name="form"),
    path("requests/<str:reference>/modify/", followup_views.modify, name="modify"),
    path("requests/<str:reference>/next-visit/cancel/", followup_views.cancel_follow_up, name="cancel_follow_up"),
    path("requests/<str:reference>/photos/", photo_views.page, name="photos"),
    path("requests/<str:reference>/photos/<int:site_photo>/", photo_views.photo, name="photo"),
    path("requests/<str:reference>/readiness/", readiness_views.check, name="readiness"),
    path("requests/<str:reference>/reschedule/", followup_views.reschedule, name="reschedule"),
    path("requests/<str:reference>/withdraw/", followup_views.withdraw, name="withdraw"),
    path("sign/claim/", sign_views.claim_resume, name="sign_claim_resume"),
    path("sign/<str:token>/", sign_views.sign, name="sign"),
    path("sign/<str:token>/claim/", sign_views.claim, name="sign_claim"),
    path("sign/<str:token>/document/", sign_views.document, name="sign_document"),
]
