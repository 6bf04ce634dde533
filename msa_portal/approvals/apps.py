from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ApprovalsConfig(AppConfig):
    name = "msa_portal.approvals"
    verbose_name = _("Approvals")

    def ready(self) -> None:
        from msa_portal.approvals import role_grants  # noqa: PLC0415  (models are loaded by now)

        role_grants.register()
