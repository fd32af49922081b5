"""Rules of a release: one TOML file says which workspaces go in, what leaves, and what comes out.

Rules that look at one row alone are *local*: they are applied while the keys are made (`keys`). The
others look at all rows. They are applied in the order of `LOCAL` and `GLOBAL`, and a row counts with the
first that drops it.

Paths in the file are relative to its folder, and are kept as they are written, so that equal rules have
equal digests on every machine.
"""

import json
import os
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_validator,
)

from manifests.captions import CAPTIONS, Domain
from manifests.ids import digest, storable
from manifests.release.errors import RulesError, problem
from manifests.release.sections import (
    Caps,
    Cosine,
    Decontaminate,
    Duplicates,
    InputRule,
    Keep,
    Mix,
    Output,
    Reviews,
    Section,
    Share,
    Shuffle,
    Split,
    Takedown,
    Winner,
    each_once,
)

__all__ = ["GLOBAL", "LOCAL", "Needs", "Rules", "RulesError", "load", "parse"]

LOCAL = (
    "takedown",
    "decontamination",
    "reviews",
    "captions",
    "writer",
    "confidence",
    "support",
    "not_embedded",
    "similarity",
    "lints",
    "flags",
    "licence",
    "length",
    "language",
)
"""Names of the rules that need one row only, in the order in which they are applied."""
GLOBAL = (
    "winner",
    "decontamination_media",
    "duplicate_media",
    "duplicate_captions",
    "near_captions",
    "source_cap",
    "caption_cap",
    "domain_shares",
    "real_share",
)
"""Names of the rules that need the keys of all rows, applied after the local ones in this order."""

TAKEDOWN = "takedown"
"""Folder of a workspace whose lists count in every release that is made of it."""
_LARGEST = 1 << 20
"""Bytes of a file of rules."""
_EXACT = 1e-6
"""How far a sum of shares may be from 1."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What rules need of the inputs.

    captions: columns of the captions table for the keys, its order of columns aside. keys: key columns
    that are made; the others are null. similarity: the table of that name. embeddings: those of the
    media.
    """

    captions: frozenset[str]
    keys: frozenset[str]
    similarity: bool
    embeddings: bool


class Rules(Section):
    """Rules of a release. shares: of domains among all rows; what is too many leaves, and domains that
    are not named take the rest as it comes. split: shares of the splits, whole sources each."""

    input: Annotated[tuple[InputRule, ...], Field(min_length=1)]
    winner: Winner = Winner()
    keep: Keep = Keep()
    duplicates: Duplicates = Duplicates()
    caps: Caps = Caps()
    shares: dict[Domain, Share] = Field(default={})
    mix: Mix | None = None
    decontaminate: Decontaminate = Decontaminate()
    takedown: Takedown = Takedown()
    reviews: Reviews = Reviews()
    split: dict[Split, Cosine] = Field(default={"train": 1.0}, min_length=1)
    shuffle: Shuffle = Shuffle()
    output: Output = Output()

    _source: str = PrivateAttr("the rules")
    _folder: Path = PrivateAttr(default_factory=Path)

    @field_validator("input")
    @classmethod
    def _named_apart(cls, inputs: tuple[InputRule, ...]) -> tuple[InputRule, ...]:
        each_once(tuple(each.name for each in inputs))
        return inputs

    @field_validator("shares")
    @classmethod
    def _shares_fit(cls, shares: dict[Domain, float]) -> dict[Domain, float]:
        total = sum(shares.values())
        if total > 1 + _EXACT:
            raise ValueError(f"the shares sum to {total:g}: lower them to 1 at most")
        if len(shares) == 3 and total < 1 - _EXACT:
            raise ValueError(
                f"the shares of all domains sum to {total:g}: make it 1, or leave one out"
            )
        return shares

    @field_validator("split")
    @classmethod
    def _splits_fit(cls, split: dict[Split, float]) -> dict[Split, float]:
        if "all" in split:
            raise ValueError(
                "the library datasets calls all splits together 'all', and can't load one of that "
                "name: give it another"
            )
        total = sum(split.values())
        if abs(total - 1) > _EXACT:
            raise ValueError(f"the splits sum to {total:g}: make it 1")
        return split

    @model_validator(mode="after")
    def _mixable(self) -> "Rules":
        if self.mix is not None and len({each.real for each in self.input}) == 1:
            lacking = "synthetic" if self.input[0].real else "real"
            raise ValueError(
                f"mix needs real and synthetic inputs, and none is {lacking}: add one "
                "(real = true where people wrote the captions), or leave [mix] out"
            )
        return self

    @property
    def source(self) -> str:
        """What errors call the file of these rules."""
        return self._source

    @property
    def active(self) -> tuple[str, ...]:
        """Names of the rules that can drop a row, in the order in which they are applied."""
        keep, clean = self.keep, self.decontaminate
        holds = {
            "takedown": self.takedown.lists,
            "decontamination": clean.lists or clean.workspaces,
            "reviews": self.reviews.use,
            "captions": True,  # a row without any caption is of no use
            "writer": keep.writer == "llm",
            "confidence": keep.min_confidence is not None,
            "support": keep.min_support is not None,
            "not_embedded": keep.min_similarity,
            "similarity": keep.min_similarity,
            "lints": keep.lints,
            "flags": keep.flags,
            "licence": keep.licences or keep.outputs_train,
            "length": keep.min_ms is not None or keep.max_ms is not None,
            "language": keep.languages,
            "winner": True,
            "decontamination_media": clean.near_media is not None,
            "duplicate_media": self.duplicates.media is not None,
            "duplicate_captions": self.duplicates.captions,
            "near_captions": self.duplicates.near_captions is not None,
            "source_cap": self.caps.source is not None,
            "caption_cap": self.caps.caption is not None,
            "domain_shares": self.shares,
            "real_share": self.mix is not None,
        }
        return tuple(name for name in (*LOCAL, *GLOBAL) if holds[name])

    def needs(self) -> Needs:
        """What has to be read, and which key columns have to be made."""
        return needs_of(self)

    @property
    def digest(self) -> str:
        """Of all rules, defaults too; not of where their file is."""
        return digest(self.model_dump(mode="json"))

    def path(self, written: str) -> Path:
        """Where a path of the file is."""
        return self._folder / Path(written).expanduser()

    def error(self, key: str, message: str) -> RulesError:
        """An error about a key of the file, such as `takedown.lists.0`."""
        return RulesError(f"{self._source}: {key}: {message}")


def load(path: Path) -> Rules:
    """The rules of a TOML file. Raises RulesError, also where a file or folder that they name is not
    there."""
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise RulesError(f"{path} can't be read: {error.strerror}") from error
    if len(content) > _LARGEST:
        raise RulesError(f"{path} is larger than 1 MiB: a file of rules is a few lines")
    try:
        data = tomllib.loads(content.decode("utf-8-sig").replace("\r\n", "\n"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise RulesError(f"{path} is no TOML in UTF-8: {error}") from error
    return parse(data, str(path), path.parent)


def parse(data: dict[str, Any], source: str, folder: Path) -> Rules:
    """Rules from TOML's values. source: what errors call them. folder: paths are relative to it. Raises
    RulesError as `load` does."""
    try:
        # As JSON, where lists are tuples and everything else keeps to its type.
        rules = Rules.model_validate_json(json.dumps(data, default=str))
    except ValidationError as error:
        raise problem(error, source, Rules) from error
    rules._source, rules._folder = source, folder
    _require(rules)
    lists = dict.fromkeys((*rules.takedown.lists, *_standing(rules)))
    return rules.model_copy(update={"takedown": Takedown(lists=tuple(lists))})


def _standing(rules: Rules) -> Iterator[str]:
    """Takedown lists that lie with the inputs, as the file of rules would name them. Raises RulesError
    where they can't be read."""
    for each in rules.input:
        folder = rules.path(each.workspace) / TAKEDOWN
        if not os.path.lexists(folder):
            continue
        try:
            names = sorted(path.name for path in folder.iterdir() if path.name[0] != ".")
        except OSError as error:
            raise RulesError(
                f"{folder} is no folder of lists that can be read ({error.strerror}): make it one, or "
                "remove it; else clips that must leave would stay"
            ) from error
        for name in names:
            if name != storable(name):
                raise RulesError(f"{os.fsencode(folder / name)!r} is no name in UTF-8: rename it")
            yield f"{each.workspace}/{TAKEDOWN}/{name}"


def _require(rules: Rules) -> None:
    """Raises RulesError for a list that is no file and a workspace that is no folder."""
    lists = {
        "takedown.lists": rules.takedown.lists,
        "decontaminate.lists": rules.decontaminate.lists,
    }
    for key, names in lists.items():
        for name in names:
            if not rules.path(name).is_file():
                raise rules.error(key, f"{rules.path(name)} is no file: mend the path")
    folders = [(f"input.{at}.workspace", each.workspace) for at, each in enumerate(rules.input)]
    folders += [("decontaminate.workspaces", name) for name in rules.decontaminate.workspaces]
    folders += [("reviews.workspaces", name) for name in rules.reviews.workspaces]
    for key, name in folders:
        if not rules.path(name).is_dir():
            raise rules.error(key, f"{rules.path(name)} is no folder: mend the path")


_ADDRESS = frozenset({"input", "shard", "row", "clip", "real", "licence", "duration_ms", "dropped"})
_BY = frozenset({"audio_by", "visual_by", "audio_visual_by"})
_BASE = frozenset({"clip_id", "licence", "outputs_train", "duration_ms"}) | _BY
# Columns of the captions table by what is made of them.
_OF_KEY: dict[str, set[str]] = {
    "source": {"content_hash"},
    "captions": set(CAPTIONS),
    "caption": set(CAPTIONS),
    "confidence": {"claims"},
    "support": {"claims"},
    "similarity": {"caption_digest"},
    "domain": {"domain"},
}
_OF_RULE: dict[str, set[str]] = {
    "takedown": {"content_hash", "uri"},
    "decontamination": {"content_hash", "uri"},
    "reviews": {"caption_digest"},
    "confidence": {"claims"},
    "support": {"claims"},
    "similarity": {"caption_digest"},
    "lints": {"lints"},
    "flags": {*CAPTIONS, "variants", "transcript", "language"},
    "language": {"transcript", "language"},
}


def needs_of(rules: Rules) -> Needs:
    """See `Rules.needs`."""
    active = set(rules.active)
    keys: set[str] = set()
    # With one input and nothing that chooses among rows, no row is compared with another.
    if len(rules.input) > 1 or active & set(GLOBAL) - {"winner"}:
        keys |= {"age" if rank == "newest" else rank for rank in rules.winner.order}
    if "source_cap" in active or len(rules.split) > 1:
        keys.add("source")
    keys |= {"captions"} if "duplicate_captions" in active else set()
    keys |= {"caption"} if "caption_cap" in active else set()
    keys |= {"domain"} if "domain_shares" in active else set()
    keys |= {"edited", "reviews"} if rules.reviews.use else set()
    columns = set(_BASE)
    for name in keys:
        columns |= _OF_KEY.get(name, set())
    for name in active:
        columns |= _OF_RULE.get(name, set())
    if "flags" in active:
        columns |= {"evidence"} if rules.output.evidence else set()
        columns |= {"claims"} if rules.output.claims else set()
    return Needs(
        captions=frozenset(columns),
        keys=frozenset(_ADDRESS | keys),
        similarity="similarity" in keys or "similarity" in active,
        embeddings=bool(active & {"decontamination_media", "duplicate_media"})
        or rules.output.embeddings,
    )
