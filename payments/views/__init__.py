"""Pages about money, and the address for the provider's webhooks."""
