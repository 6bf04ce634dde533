from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RequestsConfig(AppConfig):
    name = "requests_app"
    verbose_name = _("MSA requests")

    def ready(self) -> None:
        from requests_app import (
            checks,  # noqa: F401  (registers them)
            cure_panels,
            deadlines,
            notice_receivers,
            panels,
            paper,
            paper_views,
            product_panels,
            readiness_panels,
            signer_names,
            signing_links,
        )

        deadlines.connect()
        paper.connect()
        panels.register("paper", paper_views.panel)
        panels.register("screening", paper_views.desk_panel)
        panels.register("screening", signer_names.panel)
        notice_receivers.connect()
        signing_links.connect()
        readiness_panels.connect()
        product_panels.connect()
        cure_panels.connect()
