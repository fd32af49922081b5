"""What the commands share: arguments, how text reaches the terminal, how errors end a command, JSON.

All text goes out through `say` and `fail` (or, for the live view, as `styled` text on `console`). Folder
names, captions and error messages hold what somebody else wrote, and a terminal obeys escape sequences.
"""

import json
import os
import re
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from manifests.commits import State
    from manifests.workspace import Workspace

Root = Annotated[Path, typer.Argument(metavar="WORKSPACE", help="A captionmill workspace.")]
_PROFILES = "cpu|gpu|gpu-permissive|dummy|FILE.toml"
Profile = Annotated[
    str | None,
    typer.Option(
        "--profile",
        "-p",
        metavar=_PROFILES,
        help="Captioners, gates and writer. Default: gpu if nvidia-smi lists one, else cpu.",
    ),
]
JobProfile = Annotated[
    str | None,
    typer.Option(
        "--profile",
        "-p",
        metavar=_PROFILES,
        help="The profile that the workspace was captioned with; needed unless it is built in.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON to stdout.")]

_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 and C1 controls but newline and tab
    "\u202a-\u202e\u2066-\u2069"  # what reverses the direction of text
    "\ud800-\udfff]"  # lone surrogates, which no encoding has
)
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def clean(text: str) -> str:
    """Text that a terminal only shows: what it would obey is replaced, character by character."""
    return _UNSAFE.sub(_REPLACEMENT, text)


def one_line(text: str) -> str:
    """The same for text that must not begin a line of its own."""
    return clean(" ".join(text.split()))


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


def opened(root: Path) -> tuple["Workspace", "State"]:
    """A workspace and its state. Raises WorkspaceError."""
    from manifests.commits import load
    from manifests.workspace import Workspace

    workspace = Workspace.open(root)
    return workspace, load(workspace)


def default_profile() -> str:
    """gpu where nvidia-smi lists one, else cpu."""
    import shutil
    import subprocess

    if shutil.which("nvidia-smi") is None:
        return "cpu"
    ran = subprocess.run(["nvidia-smi", "-L"], capture_output=True, check=False)
    return "gpu" if ran.returncode == 0 and ran.stdout.strip() else "cpu"


@contextmanager
def errors() -> Iterator[None]:
    """Turns what users can fix into one message and exit status 1, Ctrl-C and SIGTERM into 130."""
    from manifests.errors import UserError

    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt:
        say("\nstopped; rerun the command to continue", err=True)
        raise SystemExit(130) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except UserError as error:
        fail(str(error))
    except OSError as error:
        if error.errno is None:
            _crash(error)
        place = f"{os.fsdecode(error.filename)}: " if error.filename else ""
        fail(f"{place}{error.strerror}. No work was lost. Fix this and rerun the command.")
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:
        _crash(error)


def _crash(error: Exception) -> NoReturn:
    """Prints a traceback; its last line may quote a file or a model."""
    say("".join(traceback.format_exception(error)).rstrip(), err=True)
    raise SystemExit(1) from None
