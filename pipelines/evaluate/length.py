"""How much of a file is embedded."""

LONGEST_MS = 30_000
"""What comes later is not read. Clips of a workspace are embedded whole, as they were cut: 31 s at most by
default (`manifests.sources.cut`)."""
