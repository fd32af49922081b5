"""What goes into a release: captionings of workspaces, shard by shard."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from manifests.release.layout import ReleaseEncoder


@dataclass(frozen=True, slots=True)
class Shard:
    """Committed files of one shard, absolute paths in the order of generations.

    captions: of caption rows. similarity, embeddings: of the embedding of these captions and of their
    media, where the rules need them. clips: the clip table. sums: the sha256 with which each of these
    files was committed.
    """

    number: int
    captions: tuple[str, ...]
    similarity: tuple[str, ...] = ()
    embeddings: tuple[str, ...] = ()
    clips: str = ""
    sums: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Input:
    """One captioning of one workspace. number: from 0, in the order of the rules. job: its digest.
    digest: 16 hex digits, of what is committed of it. real: people wrote the captions. stage: 1; 2 where
    recaptioned. shards: those with captions, in the order of their numbers. uncompared: its captions
    without similarities, where the rules ask for some. encoder: whose vectors its shards have, where the
    rules ask for them as an output. sources: its tables of sources, absolute paths, with the sha256 with
    which each was committed. age: its place among the inputs by when their captionings began, the greater
    the newer."""

    number: int
    name: str
    root: Path
    job: str
    digest: str
    real: bool
    stage: int
    shards: tuple[Shard, ...]
    uncompared: int = 0
    encoder: ReleaseEncoder | None = None
    sources: Mapping[str, str] = field(default_factory=dict)
    age: int = 0
