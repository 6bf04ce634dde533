"""What follows a sign-in, a first proof of an address, and a migration."""

from __future__ import annotations

from allauth.account.signals import email_confirmed
from django.apps import apps
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_migrate

from msa_portal.accounts import address_proof, devices, session_limits
from msa_portal.accounts.roles import sync_role_groups


def connect() -> None:
    user_logged_in.connect(session_limits.note_sign_in, dispatch_uid="note_sign_in")
    user_logged_in.connect(devices.note_sign_in, dispatch_uid="note_known_device")
    email_confirmed.connect(address_proof.drop_what_was_never_proven, dispatch_uid="drop_what_was_never_proven")
    # The signal comes once an app, in their order: with the last one, every permission is there.
    *_others, last = apps.get_app_configs()
    post_migrate.connect(sync_role_groups, sender=last, dispatch_uid="sync_role_groups")
