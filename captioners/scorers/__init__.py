"""Models that score what others said, one model family a file."""
