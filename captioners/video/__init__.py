"""Captioners of what is seen, one model family a file."""
