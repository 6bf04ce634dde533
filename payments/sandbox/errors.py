"""Refusals, in the envelope that Stripe's clients turn into their exceptions."""

from typing import Any


class ApiError(Exception):
    """A refusal that the API answers with. `extra` joins the envelope (payment_intent, decline_code)."""

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        kind: str = "invalid_request_error",
        status: int = 400,
        **extra: Any,
    ):
        super().__init__(message)
        self.status = status
        self.error = {"type": kind, "code": code, "message": message, "param": param, **extra}

    def envelope(self) -> dict[str, Any]:
        return {"error": {name: value for name, value in self.error.items() if value is not None}}


class ParamError(ApiError):
    """A parameter that is not well-formed: nothing was begun, so no idempotency key is used up."""


def missing(what: str, ref: str, *, param: str = "id", status: int = 404) -> ApiError:
    """404 where the address names the object, 400 where a parameter does, as at Stripe."""
    return ApiError(f"No such {what}: '{ref}'", code="resource_missing", param=param, status=status)


def unauthorized(message: str, *, code: str | None = None) -> ApiError:
    return ApiError(message, code=code, status=401)


def idempotency(message: str, *, status: int = 400, code: str | None = None) -> ApiError:
    return ApiError(message, kind="idempotency_error", status=status, code=code)


def internal(message: str) -> ApiError:
    return ApiError(message, kind="api_error", status=500)
