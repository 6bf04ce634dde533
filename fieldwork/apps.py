from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FieldworkConfig(AppConfig):
    name = "fieldwork"
    verbose_name = _("Field work")

    def ready(self) -> None:
        from fieldwork import receivers  # noqa: PLC0415  (models are loaded by now)

        receivers.connect()
