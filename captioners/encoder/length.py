"""How much of a clip is embedded: by `embed`, in training and in evaluation alike."""

LONGEST_MS = 30_000
"""What comes later is not read. The clips of a workspace are hardly longer (`manifests.sources.cut`)."""
