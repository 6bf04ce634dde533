"""Fees, refunds, and balances explained in words."""
