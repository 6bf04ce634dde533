"""The dispatcher's part of the staff desk, one module a topic."""

from fieldwork.admin import board, conflicts, people, plans, reports, visits

__all__ = ["board", "conflicts", "people", "plans", "reports", "visits"]
