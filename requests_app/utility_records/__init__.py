"""The utility's record of an account, and how a request compares with it."""
