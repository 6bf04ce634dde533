from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FieldworkConfig(AppConfig):
    name = "fieldwork"
    verbose_name = _("Field work")

    def ready(self) -> None:
        from fieldwork import customer_panels, notice_receivers, panels, receivers, shown_photos

        receivers.connect()
        notice_receivers.connect()
        panels.connect()
        shown_photos.connect()
        customer_panels.connect()
