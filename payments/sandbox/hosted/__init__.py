"""The sandbox's own pages: the hosted payment page and the dashboard."""
