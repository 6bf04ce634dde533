from django.apps import AppConfig
from django.core.checks import register
from django.utils.translation import gettext_lazy as _


class RequestsConfig(AppConfig):
    name = "requests_app"
    verbose_name = _("MSA requests")

    def ready(self) -> None:
        from requests_app import checks, receivers  # noqa: PLC0415  (models are loaded by now)

        register(checks.seal_key, "seals")
        receivers.connect(self)
