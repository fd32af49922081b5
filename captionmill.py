"""captionmill from Python, for notebooks and scripts; `python -m captionmill` is the command.

    import captionmill

    work = captionmill.caption("clips", "out")   # or captionmill.open("out")
    work.captions().to_pandas()
    work.clips(3)                                # in a notebook: three clips with players

In a script, put the calls below `if __name__ == "__main__":`. Processes that examine sources import the
script again, as Python's multiprocessing does.

Importing this module is cheap: what is heavy is imported when it is used.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from manifests.books import Books
    from manifests.commits import State
    from pipelines.notebook import Clips
    from pipelines.plan.estimate import Plan

__all__ = ["Captions", "caption", "main", "open", "plan"]

Source = str | Path


class Captions:
    """The committed captions of one job of a workspace, as Arrow tables that fit in memory.

    job: its config digest. books: what became of every clip.
    """

    def __init__(self, root: Path, state: "State", job: str, books: "Books") -> None:
        self.root = root
        self.job = job
        self.books = books
        self._state = state

    def captions(self, columns: Sequence[str] | None = None) -> "pa.Table":
        """One row for each captioned clip (docs/tables.md), or these columns of it."""
        from pipelines.flat import captions

        return captions(self.root, self._state, self.job, columns)

    def claims(self) -> "pa.Table":
        """One row for each claim of a caption: clip_id, uri, caption, text, captioners that support it,
        probability, tier, spans (ms), supported."""
        from pipelines.flat import claims

        return claims(self.captions(["clip_id", "uri", "claims"]))

    def evidence(self) -> "pa.Table":
        """One row for each claim of a weak caption: clip_id, uri, captioner, label, text, kind, modality,
        score, rank, spans (ms), probability (null where nobody measured it), tier, and the fused ones."""
        from pipelines.flat import evidence

        return evidence(self.captions(["clip_id", "uri", "evidence"]))

    def clips(self, which: int | Sequence[str] = 5) -> "Clips":
        """Clips with players, frames, captions and evidence, for a notebook: so many at random, the same
        ones each time, or those with these ids. Their media is read where it lies. Raises WorkspaceError
        for an id that is not there."""
        from pipelines.notebook import clips

        return clips(self.root, self._state, self.job, which)


def open(workspace: Source, job: str | None = None) -> Captions:
    """The captions of a workspace; job: a config digest, the newest job without one. Raises
    WorkspaceError for what is no workspace, or has no such job."""
    from manifests.commits import load
    from manifests.workspace import Workspace, WorkspaceError
    from pipelines.status import jobs, newest

    place = Workspace.open(Path(workspace))
    state = load(place)
    if job is None:
        chosen = newest(place, state)
    else:
        named = [status for status in jobs(place, state) if status.digest == job]
        if not named:
            raise WorkspaceError(f"{workspace} has no job {job}")
        (chosen,) = named
    return Captions(place.root, state, chosen.digest, chosen.books)


def caption(
    sources: Source | Sequence[Source],
    workspace: Source,
    profile: str | None = None,
    limit: int | None = None,
) -> Captions:
    """Captions sources (folders, files, globs) into a workspace, as `captionmill caption` does, and opens
    it. The same call again continues where it stopped.

    profile: a built-in one or the path of a TOML file; without it gpu where there is one, else cpu.
    limit: no more than this many clips in the workspace. Raises what `pipelines.caption.run.caption`
    raises.
    """
    from engine import torch_cpu
    from engine.processes import own_environment
    from pipelines.caption import run
    from pipelines.cli.terminal import default_profile

    with own_environment():
        torch_cpu.switch_on()
        used = profile or default_profile()
        result = run.caption(_names(sources), Path(workspace), used, limit)
    return open(workspace, result.stage.digest)


def plan(
    sources: Source | Sequence[Source],
    profile: str | None = None,
    sample: int = 50,
    gpus: float | None = None,
    gpu_price: float | None = None,
) -> "Plan":
    """Captions a sample and says what all of the sources will take, as `captionmill plan` does."""
    from engine import torch_cpu
    from engine.processes import own_environment
    from pipelines.cli.terminal import default_profile
    from pipelines.plan.sample import plan as planned

    with own_environment():
        torch_cpu.switch_on()
        used = profile or default_profile()
        return planned(_names(sources), used, sample, gpus, gpu_price)


def _names(sources: Source | Sequence[Source]) -> list[str]:
    listed = [sources] if isinstance(sources, str | Path) else sources
    return [str(source) for source in listed]


def main() -> None:
    """The command `captionmill`."""
    from pipelines.cli.main import main as command

    command()


if __name__ == "__main__":
    main()
