from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FieldworkConfig(AppConfig):
    name = "fieldwork"
    verbose_name = _("Field work")

    def ready(self) -> None:
        from fieldwork import notice_receivers, receivers, sections
        from fieldwork.customer import sections as customer_sections
        from fieldwork.customer import shown_photos

        receivers.connect()
        notice_receivers.connect()
        sections.connect()
        shown_photos.connect()
        customer_sections.connect()
