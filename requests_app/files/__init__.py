"""Files people send: checked, stored, scanned, and shown."""
