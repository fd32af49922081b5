"""How parts of a sentence are joined, and where a sentence ends."""

from collections.abc import Sequence

_STOPS = (".", "!", "?")
_CLOSING = '"”’»)'


def joined(parts: Sequence[str]) -> str:
    """Joined as in "a", "a and b", "a, b and c".

    The last "and" has a comma before it where a part holds a comma or an "and" itself.
    """
    if len(parts) < 2:
        return "".join(parts)
    comma = "," if any("," in part or " and " in part for part in parts) else ""
    return f"{', '.join(parts[:-1])}{comma} and {parts[-1]}"


def finished(text: str, quoted_stop: bool = True) -> str:
    """The text with a capital at its start and a stop at its end.

    quoted_stop: whether a stop before closing quotation marks or brackets ends the text.
    """
    text = text.strip()
    if not text:
        return ""
    end = text.rstrip(_CLOSING) if quoted_stop else text
    return text[0].upper() + text[1:] + ("" if end[-1:] in _STOPS else ".")
