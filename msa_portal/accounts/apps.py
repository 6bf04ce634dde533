from django.apps import AppConfig, apps
from django.core.checks import Tags, register
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

from msa_portal.unsafe_settings import check_unsafe_settings


class AccountsConfig(AppConfig):
    name = "msa_portal.accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        from msa_portal import writes  # noqa: PLC0415  (the first app: before any connection is made)
        from msa_portal.accounts.roles import sync_role_groups  # noqa: PLC0415  (models are loaded by now)

        writes.connect()
        register(check_unsafe_settings, Tags.security, deploy=True)

        # The signal comes once an app, in their order: with the last one, every permission is there.
        *_others, last = apps.get_app_configs()
        post_migrate.connect(sync_role_groups, sender=last, dispatch_uid="sync_role_groups")
