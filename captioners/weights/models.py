"""Models by name, wherever they come from: a pack, the hub (`hub:<owner>/<name>[@<revision>]`), a folder.

What is known of a hub model before it is here stands in `hub.toml`: the licence of its weights, whether
its outputs may train other models, its size. A hub model that is not there is used all the same, under
a licence called unknown.
"""

import shlex
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from captioners.weights import hub
from captioners.weights.cache import Cache
from captioners.weights.packs import PackError, PackMissing, declared
from captioners.weights.terms import UNKNOWN, Terms
from manifests.ids import content_hash, digest

_HERE = Path(__file__).parent
_SMALL = 1 << 20


class Models:
    """Where models lie, and what is known of them. It implements `captioners.contract.Packs`."""

    def __init__(self, cache: Cache | None = None) -> None:
        self.cache = cache or Cache()

    def path(self, name: str) -> Path:
        """Folder of a model that is here. Raises PackMissing when it is not, PackError for a name
        that means nothing."""
        if name.startswith(hub.PREFIX):
            return hub.path(name)
        if _is_folder(name):
            if not Path(name).is_dir():
                raise PackMissing(f"there is no folder {name}")
            return Path(name)
        return self.cache.path(name)

    def fetch(self, name: str) -> Path:
        """Brings a model unless it is here; its folder. Raises PackError."""
        if name.startswith(hub.PREFIX):
            return hub.fetch(name)
        return self.path(name) if _is_folder(name) else self.cache.fetch(name)

    def require(self, names: Iterable[str], profile: str) -> None:
        """Raises PackMissing that names every model of a profile which is not here."""
        missing = []
        for name in names:
            try:
                self.path(name)
            except PackMissing as error:
                missing.append((name, error))
        if len(missing) == 1:
            raise missing[0][1]
        if missing:
            raise PackMissing(
                f"{len(missing)} models of the profile are not here: "
                f"{', '.join(name for name, _ in missing)}; "
                f"run: captionmill models fetch --profile {shlex.quote(profile)}"
            )

    def identity(self, name: str) -> str:
        """What decides the weights behind a name: a pack's digest, the commit of a hub model that is
        here, a digest of a folder's file names, sizes and small files. "" while it is not here."""
        if not (name.startswith(hub.PREFIX) or _is_folder(name)):
            return _pack_digest(name)
        try:
            folder = self.path(name)
        except PackMissing:
            return ""
        return folder.name if name.startswith(hub.PREFIX) else _folder_digest(folder)


def terms(name: str) -> Terms:
    """The terms of a pack, of a hub model, or `UNKNOWN`."""
    if name in declared():
        return Terms(licence=declared()[name].licence, outputs_train=True)
    return known_on_hub().get(name.partition("@")[0], UNKNOWN)


@cache
def known_on_hub() -> Mapping[str, Terms]:
    """The models of hub.toml by their names, `hub:<owner>/<name>`."""
    table = tomllib.loads((_HERE / "hub.toml").read_text(encoding="utf-8"))
    return MappingProxyType(
        {f"{hub.PREFIX}{name}": Terms(**entry) for name, entry in table.items()}
    )


def _is_folder(name: str) -> bool:
    return name.startswith(("/", "./", "../"))


def _pack_digest(name: str) -> str:
    if name not in declared():
        raise PackError(
            f"no model is named {name}: packs are {', '.join(sorted(declared()))}; "
            "or hub:<owner>/<name>, or the path of a folder"
        )
    return declared()[name].digest


def _folder_digest(folder: Path) -> str:
    files = sorted(f for f in folder.rglob("*") if f.is_file())
    return digest(
        [
            [
                str(f.relative_to(folder)),
                f.stat().st_size,
                content_hash(f) if f.stat().st_size <= _SMALL else "",
            ]
            for f in files
        ]
    )
