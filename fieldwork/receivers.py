"""Receivers of the lifecycle's signals."""


def connect() -> None:
    """Called once when the app is ready."""
