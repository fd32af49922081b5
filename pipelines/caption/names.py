"""Names that captioning uses in journals, progress and run logs."""

CAPTIONERS, WRITER = "captioners", "writer"
"""Its steps, and the unit of the second one."""
GUARDS = "guards"
"""What compares captions by meaning beside the writer."""
GUARDED, REJECTED = "captions checked by guards", "rejected: "
"""Tallies: captions of replies that the guards checked, and how many of them each guard rejected."""
