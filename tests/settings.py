"""The portal's settings under test: the environment is the tests' own, whatever `.env` says."""

import os

from tests import servers

UNSET = [
    *("SECRET_KEY", "PORT", "PUBLIC_URL", "ALLOWED_HOSTS", "TRUSTED_PROXIES", "EMAIL_URL", "REDIS_URL"),
    *("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "STRIPE_API_BASE", "SENTRY_DSN", "CLAMD_URL"),
    *("SECOND_FACTOR_KEYS", "OFFICE_SESSION_IDLE", "OFFICE_SESSION_AGE", "TECHNICIAN_SESSION_AGE"),
    *("SCREENING_CLAIM_IDLE", "SEAL_KEY", "SEAL_KEY_PASSPHRASE", "INSPECTORS"),
    *("CUSTOMER_RECORDS_URL", "CUSTOMER_RECORDS_KEY", "OSRM_URL", "TILE_URL", "TILE_ATTRIBUTION"),
]
os.environ |= dict.fromkeys(UNSET, "")
os.environ |= {"DEBUG": "1", "DEMO": "1", "STAFF_DECISION_WAIT": "0"}
os.environ["DATABASE_URL"] = servers.database_url()
os.environ["MEDIA_ROOT"] = str(servers.scratch_folder() / "media")

from msa_portal.settings import *
from msa_portal.settings import DATABASES

if not DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"].pop("pool")  # a pool's connections would outlive the test database

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
# Nobody listens there: a test that needs a broker asks for the `broker` fixture.
CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
CELERY_BROKER_CONNECTION_MAX_RETRIES = 0
