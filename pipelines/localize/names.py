"""Names that localizing uses in batches and in quarantine."""

CAPTIONED, LEFT_OUT = "captioned", "left out"
"""Rows of captioning that its batches are given; no table that it writes itself has such a name."""
