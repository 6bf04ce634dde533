from django.apps import AppConfig, apps
from django.contrib.auth.signals import user_logged_in
from django.core.checks import Tags, register
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

from msa_portal.unsafe_settings import check_unsafe_settings


class AccountsConfig(AppConfig):
    name = "msa_portal.accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        from allauth.account.signals import email_confirmed  # noqa: PLC0415  (models are loaded by now)

        from msa_portal import writes  # noqa: PLC0415  (the first app: before any connection is made)
        from msa_portal.accounts import devices  # noqa: PLC0415  (models are loaded by now)
        from msa_portal.accounts.address_proof import drop_what_was_never_proven  # noqa: PLC0415  (models are loaded by now)
        from msa_portal.accounts.roles import sync_role_groups  # noqa: PLC0415  (models are loaded by now)
        from msa_portal.accounts.session_limits import note_sign_in  # noqa: PLC0415  (models are loaded by now)

        user_logged_in.connect(note_sign_in, dispatch_uid="note_sign_in")
        user_logged_in.connect(devices.note_sign_in, dispatch_uid="note_known_device")
        email_confirmed.connect(drop_what_was_never_proven, dispatch_uid="drop_what_was_never_proven")
        writes.connect()
        register(check_unsafe_settings, Tags.security, deploy=True)

        # The signal comes once an app, in their order: with the last one, every permission is there.
        *_others, last = apps.get_app_configs()
        post_migrate.connect(sync_role_groups, sender=last, dispatch_uid="sync_role_groups")
