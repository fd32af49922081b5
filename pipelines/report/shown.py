"""How text of captions, transcripts, models and names is shown on a page: as data and nothing else.

The template escapes it. What is done here is for the eye: characters that hide, reverse or command are
replaced by their names, and very long texts are cut. Each text has an element of its own (`bdi`), so that
one that runs from right to left turns nothing beside it.
"""

import re

from manifests.ids import path_of

_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # C0 and C1 controls
    "\u00ad\u200b\u2028\u2029\u2060-\u2064"  # what nobody sees, and what ends a line
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # what reverses the direction of text
    "\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f"  # the byte order mark, notes, and tags
    "\ud800-\udfff]"  # lone surrogates, which no encoding has
)
_CONTROLS = re.compile(f"(?![\n\t]){_HIDDEN.pattern}")
_MARKS = re.compile(
    "([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u20d0-\u20ff]{3})[\u0300-\u036f"
    "\u0483-\u0489\u1ab0-\u1aff\u20d0-\u20ff]+"
)
LONGEST = 1500
"""Characters of a text that are shown."""


def visible(text: str, longest: int = LONGEST) -> str:
    """Text on one line whose hidden characters are seen, and that is not too long."""
    length = len(text)
    kept = " ".join(text[: 4 * longest].split())
    cut = kept[:longest]
    cut = _MARKS.sub(r"\1", cut)  # accents that are piled up
    cut = _HIDDEN.sub(lambda sign: f"[U+{ord(sign[0]):04X}]", cut)
    if length > longest and len(kept) >= longest:
        return f"{cut} … ({length:,} characters)"
    return cut


def exact(text: str) -> str:
    """Text with its lines and spaces, whole, in which hidden characters are seen. Accents that are piled
    up are counted."""
    text = _MARKS.sub(lambda found: f"{found[1]}[{len(found[0]) - 3} more marks]", text)
    return _CONTROLS.sub(lambda sign: f"[U+{ord(sign[0]):04X}]", text)


def place(uri: str) -> tuple[str, str]:
    """A source's folder and its name."""
    path = visible(path_of(uri).decode("utf-8", "backslashreplace"), 400)
    folder, slash, name = path.rpartition("/")
    return folder + slash, name
