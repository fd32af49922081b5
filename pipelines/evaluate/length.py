"""How much of a file is embedded."""

LONGEST_MS = 30_000
"""What comes later is not read. Clips of a workspace are embedded whole, as they were cut: at most 31 s
by default (`manifests.sources.cut`)."""
