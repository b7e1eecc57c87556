"""Makes reports of records: terminal, pages, summaries, badges. Does not know how a divergence was found."""
