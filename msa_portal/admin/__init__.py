"""The admin site: its configuration, the front page, and the history of configuration rows."""
