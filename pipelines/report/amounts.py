"""Amounts in words."""


def counted(count: int, noun: str) -> str:
    """A count with its noun, for people: "1 clip", "1,200 clips"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def counted_clips(count: int) -> str:
    """So many clips, for people."""
    return counted(count, "clip")


def hours(seconds: float) -> str:
    """A length of time for people."""
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    if seconds < 7200:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:,.1f} hours"
