"""Plans measured: the public instances, and a made week."""
