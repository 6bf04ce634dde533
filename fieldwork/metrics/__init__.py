"""Figures of the visits made in a period: how often the first one succeeds, how many a day, driving, lateness, reasons."""

from fieldwork.metrics.rows import By, Made, load
from fieldwork.metrics.sums import Figures, by_group, by_reason, by_week, figures_of

__all__ = ["By", "Figures", "Made", "by_group", "by_reason", "by_week", "figures_of", "load"]
