"""The request form: its steps, the answers, and whether it is complete."""
