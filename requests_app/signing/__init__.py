"""Who signs the agreement and how: on screen, by emailed link, or on paper."""
