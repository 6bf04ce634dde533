from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "msa_portal.accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        from msa_portal.accounts.roles import sync_role_groups

        post_migrate.connect(sync_role_groups, dispatch_uid="sync_role_groups")
