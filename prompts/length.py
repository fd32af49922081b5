"""How long a clip's captions may be: drawn from its id, so that those of a data set differ. Pure."""

import hashlib

SHORTEST = 16
"""Words of the shortest captions that are asked for: room for the surest event of each side."""
_CHARS_A_WORD = 8
"""An English word takes six with its space; the rest is room for a writer that says more than asked."""


def wanted_words(clip_id: str, caption_chars: int) -> int:
    """Words that a caption of this clip should have at most: from `SHORTEST` to an eighth of the
    characters that it may have, all equally often."""
    longest = caption_chars // _CHARS_A_WORD
    shortest = min(SHORTEST, longest)
    drawn = hashlib.sha256(f"{clip_id}:words".encode()).digest()[:8]
    return shortest + int.from_bytes(drawn, "big") % (longest - shortest + 1)
