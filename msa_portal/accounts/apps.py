from django.apps import AppConfig
from django.core.checks import Tags, register
from django.utils.translation import gettext_lazy as _

from msa_portal import writes
from msa_portal.unsafe_settings import check_unsafe_settings


class AccountsConfig(AppConfig):
    name = "msa_portal.accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        from msa_portal.accounts import receivers  # noqa: PLC0415  (models are loaded by now)

        writes.connect()
        receivers.connect()
        register(check_unsafe_settings, Tags.security, deploy=True)
