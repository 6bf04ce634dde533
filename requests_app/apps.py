from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RequestsConfig(AppConfig):
    name = "requests_app"
    verbose_name = _("MSA requests")

    def ready(self) -> None:
        from requests_app import deadlines, hooks, receivers, sections
        from requests_app.signing import invitations, paper, signer_names
        from requests_app.views import paper as paper_views

        deadlines.connect()
        paper.connect()
        hooks.register_section("paper", paper_views.panel)
        hooks.register_section("screening", paper_views.desk_panel)
        hooks.register_section("screening", signer_names.panel)
        receivers.connect()
        invitations.connect()
        sections.connect()
