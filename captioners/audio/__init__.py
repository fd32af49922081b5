"""Captioners of what is heard, one model family a file."""
