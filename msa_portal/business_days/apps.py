from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BusinessDaysConfig(AppConfig):
    name = "msa_portal.business_days"
    verbose_name = _("Business days")
