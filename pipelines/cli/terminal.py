"""What the commands share: arguments, how errors end them, JSON."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from manifests.commits import State
    from manifests.workspace import Workspace

Root = Annotated[Path, typer.Argument(metavar="WORKSPACE", help="A workspace of captionmill.")]
Profile = Annotated[
    str | None,
    typer.Option(
        "--profile",
        "-p",
        metavar="cpu|gpu|gpu-permissive|dummy|FILE.toml",
        help="Captioners, gates and writer. Without it: gpu where nvidia-smi works, else cpu.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON on stdout.")]


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
    """Turns what users can mend into one message and exit status 1; Ctrl-C and SIGTERM into 130."""
    from manifests.errors import UserError

    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("\nstopped; run the same command again to go on", err=True)
        raise SystemExit(130) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except UserError as error:
        fail(str(error))
    except OSError as error:
        if error.errno is None:
            raise
        place = f"{error.filename}: " if error.filename else ""
        fail(f"{place}{error.strerror}; nothing is lost: mend that and run the command again")


def fail(message: str) -> NoReturn:
    """Says it on stderr and ends with status 1."""
    typer.echo(f"error: {message}", err=True)
    raise SystemExit(1)


def say_json(value: Any) -> None:
    """Says it on stdout."""
    typer.echo(json.dumps(value, indent=1, default=str, ensure_ascii=True))
