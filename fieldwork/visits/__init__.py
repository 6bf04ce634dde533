"""Service orders and site visits: scheduled, on their way, and closed out."""
