"""Clips that must leave a release by name: of lists, and of evaluation sets; and what people said.

They change while rules stay the same, so a release names them with their digests as it names its inputs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from manifests import commits
from manifests.errors import UserError
from manifests.ids import content_hash, digest
from manifests.kinds import CLIPS
from manifests.release.layout import ReleaseList
from manifests.release.rules import Rules, RulesError
from manifests.release.shards import Input
from manifests.tables import File
from manifests.workspace import Workspace
from pipelines.rebuild.errors import require_committed
from pipelines.rebuild.reviewed import Reviewed, reviewed


@dataclass(frozen=True, slots=True)
class Leaving:
    """lists: what a release says of lists, evaluation sets and reviews. clips: clip tables of the sets.
    embeddings: of their media by the encoder of the inputs, where the rules need them. Absolute paths.
    reviews: of the captions of the inputs, and perhaps of others.
    """

    lists: tuple[ReleaseList, ...] = ()
    clips: tuple[str, ...] = ()
    embeddings: tuple[str, ...] = ()
    reviews: Reviewed = field(default_factory=Reviewed)

    def digest_of(self, rule: str, name: str) -> str:
        """The digest of one list."""
        return next(e.digest for e in self.lists if (e.rule, e.name) == (rule, name))


def leaving(rules: Rules, inputs: Sequence[Input]) -> Leaving:
    """What the rules name, as it is now. Raises RulesError for a list or workspace that can't be read, a
    workspace that lists no clip, and one without the embeddings that `near_media` needs; WritingError for
    files of one that are not what was committed."""
    lists = [_list(rules, "takedown", name) for name in rules.takedown.lists]
    lists += [_list(rules, "decontamination", name) for name in rules.decontaminate.lists]
    tables = _tables(inputs) if rules.decontaminate.near_media is not None else []
    clips: list[str] = []
    embeddings: list[str] = []
    for number, name in enumerate(rules.decontaminate.workspaces):
        key = f"decontaminate.workspaces.{number}"
        try:
            workspace = Workspace.open(rules.path(name))
            state = commits.load(workspace)
        except UserError as error:
            raise rules.error(key, str(error)) from error
        listed = list(state.files(CLIPS.name))
        vectors = [file for table in tables for file in state.files(table) if file.rows]
        if not listed:
            raise rules.error(key, f"{workspace.root} has no clips: name another workspace")
        if rules.decontaminate.near_media is not None and not vectors:
            raise rules.error(
                key,
                f"{workspace.root} has no embeddings by the encoder of the inputs, which near_media "
                "needs: run captionmill embed there, or leave near_media out",
            )
        files = {str(workspace.root / file.path): file.sha256 for file in (*listed, *vectors)}
        require_committed(workspace.root, files, files)
        clips += _paths(workspace, listed)
        embeddings += _paths(workspace, vectors)
        held = digest(sorted((file.path, file.sha256) for file in (*listed, *vectors)))
        lists.append(ReleaseList(rule="decontamination", name=name, digest=held))
    reviews = reviewed(rules, inputs) if rules.reviews.use else Reviewed()
    return Leaving((*lists, *reviews.lists), tuple(clips), tuple(embeddings), reviews)


def _list(rules: Rules, rule: Literal["takedown", "decontamination"], name: str) -> ReleaseList:
    path = rules.path(name)
    try:
        return ReleaseList(rule=rule, name=name, digest=content_hash(path))
    except OSError as error:
        raise RulesError(f"{rules.source}: {path} can't be read: {error.strerror}") from error


def _tables(inputs: Sequence[Input]) -> list[str]:
    """Tables of embeddings by the encoder of the inputs."""
    return sorted(
        {
            "/".join(Path(path).relative_to(given.root).parts[:2])
            for given in inputs
            for shard in given.shards
            for path in shard.embeddings
        }
    )


def _paths(workspace: Workspace, files: Sequence[File]) -> list[str]:
    return [str(workspace.root / file.path) for file in files]
