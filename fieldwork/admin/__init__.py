"""The dispatcher's part of the staff desk, one module a topic."""

from fieldwork.admin import board, learning, people, places, plans, visits

__all__ = ["board", "learning", "people", "places", "plans", "reports", "visits", "wishes"]
