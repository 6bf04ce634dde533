from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RequestsConfig(AppConfig):
    name = "requests_app"
    verbose_name = _("MSA requests")

    def ready(self) -> None:
        from requests_app import cure_panels, deadlines, notice_receivers, readiness_panels, signing_links

        deadlines.connect()
        notice_receivers.connect()
        signing_links.connect()
        readiness_panels.connect()
        cure_panels.connect()
