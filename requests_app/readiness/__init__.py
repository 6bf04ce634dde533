"""Whether the site is ready for the visit, and the evidence for it."""
