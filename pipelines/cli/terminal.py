"""What the commands share: arguments, the workspace, how errors end a command."""

import math
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from pipelines.terminal import fail, say

if TYPE_CHECKING:
    from manifests.commits import State
    from manifests.workspace import Workspace

Root = Annotated[Path, typer.Argument(metavar="WORKSPACE", help="A captionmill workspace.")]
WorkspaceOrRelease = Annotated[
    Path, typer.Argument(metavar="WORKSPACE|RELEASE", help="A workspace, or a release.")
]
Reviews = Annotated[
    Path | None,
    typer.Option(
        "--reviews",
        metavar="FOLDER",
        help="Where reviews of a release are stored; those of a workspace are stored in it.",
    ),
]


def _finite(price: float | None) -> float | None:
    if price is not None and not math.isfinite(price):
        raise typer.BadParameter(f"{price} is no price")
    return price


GpuPrice = Annotated[
    float | None,
    typer.Option(min=0, callback=_finite, help="Price of one GPU for one hour."),
]
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
StageProfile = Annotated[
    str | None,
    typer.Option(
        "--profile",
        "-p",
        metavar=_PROFILES,
        help="Whose encoder or localizer is used. Default: that of the captions, where it is built in.",
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
Retry = Annotated[
    bool, typer.Option("--retry", help="Work clips that are in quarantine once more.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON to stdout.")]


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
        _stopped()
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
        from manifests.duck import is_interrupted

        if is_interrupted(error):
            _stopped()
        _crash(error)


def _stopped() -> NoReturn:
    say("\nstopped; rerun the command to continue", err=True)
    raise SystemExit(130) from None


def _crash(error: Exception) -> NoReturn:
    """Prints a traceback; its last line may quote a file or a model."""
    say("".join(traceback.format_exception(error)).rstrip(), err=True)
    raise SystemExit(1) from None
