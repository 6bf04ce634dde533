"""The one door of every change of status, when each event may happen, and what follows from it."""
