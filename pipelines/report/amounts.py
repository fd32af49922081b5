"""Amounts in words."""


def counted_clips(count: int) -> str:
    """So many clips, for people."""
    return "1 clip" if count == 1 else f"{count:,} clips"


def hours(seconds: float) -> str:
    """A length of time for people."""
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    if seconds < 7200:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:,.1f} hours"
