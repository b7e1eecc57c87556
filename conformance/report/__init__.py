"""One stream of records in; terminal, JSON lines and the rest out. Knows nothing of how a divergence was found."""
