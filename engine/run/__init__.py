"""One run: the driver, its lease, its cluster, what it loads when."""
