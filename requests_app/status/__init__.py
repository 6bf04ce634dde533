"""A request's status in words: summary, timeline, clocks, and lists."""
