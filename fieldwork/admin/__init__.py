"""The dispatcher's part of the staff desk, one module a topic."""

from fieldwork.admin import board, closeouts, day_changes, learning, people, places, plans, visits

__all__ = ["board", "closeouts", "day_changes", "learning", "people", "places", "plans", "visits"]
