from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RequestsConfig(AppConfig):
    name = "requests_app"
    verbose_name = _("MSA requests")

    def ready(self) -> None:
        from requests_app import receivers  # noqa: PLC0415  (models are loaded by now)

        receivers.connect()
