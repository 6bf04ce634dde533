"""Figures of the visits made in a period: how often the first one succeeds, how many a day, driving, lateness, reasons."""

from fieldwork.figures.rows import By, Made, load
from fieldwork.figures.sums import Figures, by_group, by_reason, by_week, of

__all__ = ["By", "Figures", "Made", "by_group", "by_reason", "by_week", "load", "of"]
