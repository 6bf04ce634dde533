"""A stand-in for Stripe, for development, demo and tests: a process of its own. See docs/sandbox.md."""
