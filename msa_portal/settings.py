"""Settings, read from the environment (`.env.example` names each with a sentence)."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP
from django.utils.translation import gettext_lazy as _

from msa_portal import env
from msa_portal.unsafe_settings import DEVELOPMENT_FACTOR_KEY, DEVELOPMENT_KEY, unsafe_values

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"
env.load_dotenv(BASE_DIR / ".env")

# --- What kind of process this is -------------------------------------------------------
DEBUG = env.boolean("DEBUG", default=True)
DEMO = env.boolean("DEMO", default=DEBUG)
STAGING = env.boolean(
    "STAGING", default=False
)  # a test site: test-mode payment keys, and every page and email says so
TESTING = "pytest" in sys.modules

SECRET_KEY = env.text("SECRET_KEY", DEVELOPMENT_KEY if DEBUG else "")
PORT = env.port("PORT", 8000)
PUBLIC_URL = env.web_address("PUBLIC_URL", f"http://localhost:{PORT}")
PUBLIC_HOST = urlsplit(PUBLIC_URL).hostname or "localhost"
ALLOWED_HOSTS = env.word_list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"] if DEBUG else [])
TRUSTED_PROXIES = env.word_list("TRUSTED_PROXIES", [])
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

INSTALLED_APPS = [
    "msa_portal.accounts",
    "msa_portal.business_days",
    "msa_portal.notices",
    "msa_portal.approvals",
    "requests_app",
    "payments",
    "fieldwork",
    "msa_portal.admin.config.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "axes",
    "django_filters",
    "django_fsm",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "health_check",
    "rest_framework",
    "simple_history",
]
if DEMO:
    INSTALLED_APPS.append("demo")

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "msa_portal.middleware.TrustedProxyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "msa_portal.middleware.PrivacyHeadersMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "msa_portal.middleware.RequestLogMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "msa_portal.middleware.PlainAddressMiddleware",
    "msa_portal.middleware.BodyLimitMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "msa_portal.accounts.middleware.SessionLimitsMiddleware",
    "msa_portal.accounts.companies.current.CurrentCompanyMiddleware",
    "requests_app.current_company.OtherCompanyMiddleware",
    "msa_portal.accounts.middleware.SecondFactorMiddleware",
    "msa_portal.accounts.middleware.ReauthenticationMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "msa_portal.urls"
WSGI_APPLICATION = "msa_portal.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "msa_portal.context.portal",
            ],
            "builtins": ["msa_portal.templatetags.portal"],
            "libraries": {"portal": "msa_portal.templatetags.portal"},
        },
    },
]

# --- Data -------------------------------------------------------------------------------
DATABASES = {"default": env.database("DATABASE_URL", f"sqlite:///{VAR_DIR / 'portal.sqlite3'}")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
_database = DATABASES["default"]
if _database["ENGINE"].endswith("sqlite3"):
    VAR_DIR.mkdir(exist_ok=True)
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
    }
else:
    _database["OPTIONS"] = _database.get("OPTIONS", {}) | {"pool": {"min_size": 1, "max_size": 8}}
    _database["CONN_HEALTH_CHECKS"] = True

REDIS_URL = env.redis_url("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "msa_portal.redis.cache.RedisOrDatabaseCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"TABLE": "portal_cache", "MAX_ENTRIES": 100_000},
    }
    if REDIS_URL
    else {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "portal_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
}
MEDIA_ROOT = env.folder("MEDIA_ROOT", VAR_DIR / "media")
MEDIA_URL = ""  # no file has an address of its own: views hand them out to whom they concern
FILE_UPLOAD_PERMISSIONS = 0o600
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
MAX_UPLOAD_BYTES = 15_000_000
MAX_BODY_BYTES = 190_000_000  # of one form with all its files
MAX_UPLOADS_PER_REQUEST = 80
MAX_UPLOAD_BYTES_PER_REQUEST = 250_000_000
INSPECTORS = env.count("INSPECTORS", 2)  # processes that open what people send, one file each
MAX_FILES_IN_LINE = 24  # of one person, or of one network address behind an emailed link
MAX_FILES_IN_LINE_OF_STRANGER = 3  # of one network address, at /verify/
MAX_FILES_IN_LINE_OF_ALL = 400  # 6 GB at most
MAX_WAITING_BYTES = 1_000_000_000  # of one person or network address, in forms that wait to be sent on
SEAL_KEY = env.text("SEAL_KEY")
SEAL_KEY_PASSPHRASE = env.text("SEAL_KEY_PASSPHRASE")
# Where the web server and the workers both find it.
SEAL_SELF_SIGNED_FILE = str(MEDIA_ROOT / "seal" / "self-signed.p12") if DEBUG else ""
CLAMD_URL = env.scanner_address("CLAMD_URL")
CLAMD_TIMEOUT = 10  # seconds for each answer; without one an upload waits in quarantine

# The utility's system of record as a service; without one, the imported table.
CUSTOMER_RECORDS_URL = env.service_address("CUSTOMER_RECORDS_URL", plain_http=DEBUG)
CUSTOMER_RECORDS_KEY = env.key("CUSTOMER_RECORDS_KEY")
CUSTOMER_RECORDS_TIMEOUT = 3  # seconds for an answer: a customer waits
CUSTOMER_RECORDS_REST = 30  # seconds for which a service that failed is left alone
if bool(CUSTOMER_RECORDS_URL) != bool(CUSTOMER_RECORDS_KEY):
    raise ImproperlyConfigured("CUSTOMER_RECORDS_URL and CUSTOMER_RECORDS_KEY go together: set both, or neither.")

# Driving times by road, from an OSRM server; without one, as the crow flies with a road factor.
OSRM_URL = env.service_address("OSRM_URL", plain_http=True)

# Tiles for the dispatcher's map, such as "https://tiles.example.com/{z}/{x}/{y}.png"; without them, a plain grid.
TILE_URL = env.tile_address("TILE_URL")
TILE_ATTRIBUTION = env.text("TILE_ATTRIBUTION")

# --- Jobs -------------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL or "redis://127.0.0.1:6379/0"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_TIME_LIMIT = 300
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "unacked_restore_interval": 2,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 1,
    "max_retries": 0,  # who hands a task over never waits for a broker that is down
    "socket_timeout": 5,
}
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    "notices.*": {"queue": "notices"},
    "payments.render_receipt": {"queue": "documents"},
    "payments.render_refund_note": {"queue": "documents"},
    "payments.render_statement": {"queue": "documents"},
    "requests_app.render_agreement": {"queue": "documents"},
    "fieldwork.plan": {"queue": "dispatch"},
    "requests_app.inspect_next": {"queue": "inspection"},
}

# --- Mail -------------------------------------------------------------------------------
_email = env.email("EMAIL_URL", "dummymail://")
EMAIL_CONFIGURED = bool(env.text("EMAIL_URL"))
_mailer: dict[str, Any] = {"BACKEND": _email["EMAIL_BACKEND"]}
if _mailer["BACKEND"].endswith("smtp.EmailBackend"):
    _mailer["OPTIONS"] = {
        "host": _email["EMAIL_HOST"],
        "port": _email["EMAIL_PORT"] or None,
        "username": _email["EMAIL_HOST_USER"] or "",
        "password": _email["EMAIL_HOST_PASSWORD"] or "",
        "use_tls": _email.get("EMAIL_USE_TLS", False),
        "use_ssl": _email.get("EMAIL_USE_SSL", False),
        "timeout": 20,
    }
elif _mailer["BACKEND"].endswith("filebased.EmailBackend"):
    _mailer["OPTIONS"] = {"file_path": _email["EMAIL_FILE_PATH"]}
elif DEMO and not EMAIL_CONFIGURED:
    _mailer["BACKEND"] = "demo.mailbox.MailboxBackend"
MAILERS = {"default": _mailer}
DEFAULT_FROM_EMAIL = f"MSA Program <no-reply@{PUBLIC_HOST}>"
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# How many emails a day may cause to be sent to other people (msa_portal/notices/limits.py): one person, one company,
# and a network address of people who aren't signed in; and how many one mailbox gets of each kind.
MAIL_LIMITS = {
    "person": env.limit("MAIL_LIMIT_PERSON", 200),
    "company": env.limit("MAIL_LIMIT_COMPANY", 1000),
    "recipient": env.limit("MAIL_LIMIT_RECIPIENT", 25),
    "network": env.limit("MAIL_LIMIT_NETWORK", 400),
    "recipient_of_codes": env.limit("MAIL_LIMIT_CODES", 60),
}
# What one person, and one company, may keep here: drafts that aren't submitted, and bytes of files that they sent.
QUOTAS = {
    "drafts_of_person": env.limit("DRAFTS_PER_PERSON", 50),
    "drafts_of_company": env.limit("DRAFTS_PER_COMPANY", 3000),
    "bytes_of_person": env.limit("UPLOAD_BYTES_PER_PERSON", 2_000_000_000),
    "bytes_of_company": env.limit("UPLOAD_BYTES_PER_COMPANY", 200_000_000_000),
}

# --- Payment ----------------------------------------------------------------------------
STRIPE_SECRET_KEY = env.text("STRIPE_SECRET_KEY", "sk_test_sandbox" if DEBUG or DEMO else "")
STRIPE_WEBHOOK_SECRET = env.text("STRIPE_WEBHOOK_SECRET", "whsec_sandbox" if DEBUG or DEMO else "")
STRIPE_API_BASE = env.web_address("STRIPE_API_BASE", "https://api.stripe.com")
STRIPE_USES_SANDBOX = urlsplit(STRIPE_API_BASE).hostname != "api.stripe.com"
STRIPE_CHECKOUT_ORIGIN = STRIPE_API_BASE if STRIPE_USES_SANDBOX else "https://checkout.stripe.com"

# --- Accounts ---------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "msa_portal.accounts.passwords.LongEnough"},
    {"NAME": "msa_portal.accounts.passwords.NotCommon"},
    {"NAME": "msa_portal.accounts.passwords.NotRepeated"},
]
PASSWORD_LENGTH = 15  # of a new one, where it is all that protects the account
PASSWORD_LENGTH_WITH_SECOND_FACTOR = 12
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "accounts:home"
ACCOUNT_ADAPTER = "msa_portal.accounts.adapter.AccountAdapter"
MFA_ADAPTER = "msa_portal.accounts.adapter.MFAAdapter"
ACCOUNT_FORMS = {
    "login": "msa_portal.accounts.forms.LoginForm",
    "request_login_code": "msa_portal.accounts.forms.RequestLoginCodeForm",
    "signup": "msa_portal.accounts.forms.SignupForm",
    "change_password": "msa_portal.accounts.forms.NewPasswordForm",
    "set_password": "msa_portal.accounts.forms.NewPasswordForm",
    "reset_password_from_key": "msa_portal.accounts.forms.ResetPasswordKeyForm",
}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]  # a password comes after the address is proven, for those who want one
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False  # here; every other session ends
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60  # seconds
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_RATE_LIMITS = {
    "password_on_known_browser": "5/5m/key",
    "code_on_known_browser": "3/m/key",
    "code_for_address": "30/h/key",  # from unknown browsers together
}
ACCOUNT_DEFAULT_HTTP_PROTOCOL = urlsplit(PUBLIC_URL).scheme
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "MSA Program"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG
USERSESSIONS_TRACK_ACTIVITY = False
# The first encrypts second-factor secrets, all decrypt them.
SECOND_FACTOR_KEYS = env.encryption_keys("SECOND_FACTOR_KEYS", [DEVELOPMENT_FACTOR_KEY] if DEBUG else [])
OFFICE_SESSION_IDLE = env.seconds("OFFICE_SESSION_IDLE", 60 * 60)
OFFICE_SESSION_AGE = env.seconds("OFFICE_SESSION_AGE", 12 * 60 * 60)
STAFF_DECISION_WAIT = env.wait("STAFF_DECISION_WAIT", 5 * 60, most=24 * 60 * 60)
SCREENING_CLAIM_IDLE = env.seconds("SCREENING_CLAIM_IDLE", 60 * 60)
TECHNICIAN_SESSION_AGE = env.seconds("TECHNICIAN_SESSION_AGE", 30 * 24 * 60 * 60)  # for each phone, busy or not
SECOND_FACTOR_REQUIRED = not DEMO  # for staff and technicians

AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours: nobody is locked out for good
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_CALLABLE = "msa_portal.accounts.throttle.account_tried"
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address"]  # masked in logs (fault 52); the admin shows them
AXES_LOCKOUT_TEMPLATE = "account/locked_out.html"
AXES_RESET_ON_SUCCESS = True
AXES_IPWARE_META_PRECEDENCE_ORDER = ["REMOTE_ADDR"]
AXES_VERBOSE = False

# --- Security ---------------------------------------------------------------------------
SECURE_CSP = {
    "default-src": [CSP.SELF],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:", "blob:", *env.tile_origins(TILE_URL)],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
    "form-action": [CSP.SELF, STRIPE_CHECKOUT_ORIGIN],
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
_IS_HTTPS = urlsplit(PUBLIC_URL).scheme == "https"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _IS_HTTPS or not DEBUG
# Browsers take such a cookie from this very host alone, over https, for every path: no neighbor can plant one.
_COOKIE_PREFIX = "__Host-" if _IS_HTTPS else ""
SESSION_COOKIE_NAME = f"{_COOKIE_PREFIX}sessionid"
CSRF_COOKIE_NAME = f"{_COOKIE_PREFIX}csrftoken"
CSRF_FAILURE_VIEW = "msa_portal.accounts.views.token_refused"
DEVICE_COOKIE_NAME = f"{_COOKIE_PREFIX}device"
MESSAGES_COOKIE_NAME = f"{_COOKIE_PREFIX}messages"
MESSAGE_STORAGE = "msa_portal.accounts.messages_storage.MessageStorage"
# The camera is for photos and bar codes, the clipboard for copying an address.
PERMISSIONS_POLICY = ", ".join(
    [
        *(
            f"{ability}=(self)"
            for ability in ("camera", "clipboard-write", "publickey-credentials-create", "publickey-credentials-get")
        ),
        *(
            f"{ability}=()"
            for ability in (
                *("accelerometer", "autoplay", "bluetooth", "clipboard-read", "display-capture", "encrypted-media"),
                *("geolocation", "gyroscope", "hid", "idle-detection", "local-fonts", "magnetometer", "microphone"),
                *("midi", "payment", "screen-wake-lock", "serial", "usb", "web-share", "xr-spatial-tracking"),
            )
        ),
    ]
)
if not DEBUG:
    SECURE_SSL_REDIRECT = urlsplit(PUBLIC_URL).scheme == "https"
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")  # TrustedProxyMiddleware guards it

# --- Language, time, static files --------------------------------------------------------
LANGUAGE_CODE = "en-us"
LANGUAGES = [("en-us", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "America/Los_Angeles"  # the utility's (D7)
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
USWDS_DIST = BASE_DIR / "node_modules" / "@uswds" / "uswds" / "dist"
VENDORED = {
    **{f"uswds/{part}": USWDS_DIST / part for part in ("css", "fonts", "img", "js")},
    "signature_pad": BASE_DIR / "node_modules" / "signature_pad" / "dist",
    "leaflet": BASE_DIR / "node_modules" / "leaflet" / "dist",
    "idb": BASE_DIR / "node_modules" / "idb" / "build",
    "zxing": BASE_DIR / "node_modules" / "@zxing" / "library" / "umd",
    "chart": BASE_DIR / "node_modules" / "chart.js" / "dist",
}
STATICFILES_DIRS = [BASE_DIR / "static", *[(name, folder) for name, folder in VENDORED.items() if folder.is_dir()]]
FIELD_APP_RELEASE = env.text("FIELD_APP_RELEASE")  # changed: phones fetch the field app anew
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage",
    },
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG

# --- REST API ---------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "msa_portal.api.CursorPagination",
    "DEFAULT_THROTTLE_RATES": {"public": "2000/hour", "verify": "120/hour"},
    "EXCEPTION_HANDLER": "msa_portal.api.problem_handler",
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "MSA enrollment portal",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": False},  # its links stand inside buttons
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
}

# History is read, never put back: that would walk past what the forms and services check.
SIMPLE_HISTORY_REVERT_DISABLED = True

# --- Logs and errors ----------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "no_bodies": {"()": "msa_portal.logs.NoBodies"},
        "no_words": {"()": "msa_portal.logs.NoWordsOfStrangers"},
    },
    "formatters": {"line": {"()": "msa_portal.logs.formatter", "json": not DEBUG}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["no_words"]}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        # Django's own handlers would print past the formatter, and an address can hold a token.
        "django": {"handlers": [], "level": "INFO"},
        "django.server": {"handlers": ["console"], "level": "INFO", "propagate": False},
        # The payment client tells each call at INFO, without its body.
        "stripe": {"level": "INFO", "filters": ["no_bodies"]},
        "urllib3": {"level": "INFO"},
        # WeasyPrint warns about CSS it passes over; fontTools tells each subset it makes.
        "weasyprint": {"level": "ERROR"},
        "fontTools": {"level": "ERROR"},
    },
}
SENTRY_DSN = env.text("SENTRY_DSN")
SILENCED_SYSTEM_CHECKS: list[str] = []


if not DEBUG and (unsafe := unsafe_values(SimpleNamespace(**globals()), demo=DEMO)):
    raise ImproperlyConfigured("Unsafe with DEBUG=0: " + "; ".join(unsafe) + ".")

from msa_portal import logs  # noqa: E402  (reads the settings above)

logs.configure(json=not DEBUG, sentry_dsn=SENTRY_DSN)
