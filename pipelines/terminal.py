"""How text reaches the terminal.

All of it goes out through `say` and `fail` (or, for the live view, as `styled` text on `console`). Folder
names, captions and error messages hold what somebody else wrote, and a terminal obeys escape sequences.
"""

import json
import re
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from manifests.ids import path_of

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 and C1 controls but newline and tab
    "\u2028\u2029"  # what ends a line or a paragraph
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # what reverses the direction of text
    "\ufeff\U000e0000-\U000e007f"  # what nobody sees: the byte order mark, and tags
    "\ud800-\udfff]"  # lone surrogates, which no encoding has
)
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
"""What stands where a terminal would have obeyed."""


def clean(text: str) -> str:
    """Text that a terminal only shows: what it would obey is replaced, character by character."""
    return _UNSAFE.sub(REPLACEMENT, text)


def one_line(text: str) -> str:
    """The same for text that must not begin a line of its own."""
    return clean(" ".join(text.split()))


def readable(uri: str) -> str:
    """The path of a source for people: what is no text, or not printable, is escaped."""
    text = path_of(uri).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def counted(count: int, noun: str) -> str:
    """A count with its noun: "1 clip", "2 clips"."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def styled(text: "str | Text", style: str = "") -> "Text":
    """Text for rich, cleaned and never markup."""
    from rich.text import Text

    if isinstance(text, str):
        return Text(clean(text), style)
    cleaned = text.copy()
    cleaned.plain = clean(text.plain)  # as long as before: its styles stay where they are
    return cleaned


def console(err: bool = False, quiet: bool = False) -> "Console":
    """A console of rich; print only `styled` text on it."""
    from rich.console import Console

    return Console(stderr=err, quiet=quiet, highlight=False, soft_wrap=True)


def say(message: "str | Text", err: bool = False) -> None:
    """Prints a message to stdout or stderr."""
    if isinstance(message, str):
        typer.echo(clean(message), err=err)
    else:
        console(err).print(styled(message))


def fail(message: str) -> NoReturn:
    """Prints an error to stderr and ends with status 1."""
    say(f"error: {message}", err=True)
    raise SystemExit(1)


def say_json(value: Any) -> None:
    """Prints JSON in ASCII to stdout."""
    say(json.dumps(value, indent=1, default=str, ensure_ascii=True))
