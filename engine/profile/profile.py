"""Profiles: one small TOML file says which captioners, gates, filters, writer and sizes a run uses."""

import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from engine.media.languages import language_of
from engine.profile.conditions import CLIP, Condition
from engine.profile.writer import WriterSpec
from engine.servers.spec import ServerSpec
from manifests.errors import UserError

_NAMED = ("captioners", "servers", "filters")
"""Parts whose entries have names."""
_NAME = r"^[a-z0-9][a-z0-9_.-]*$"
"""The name of a model."""


class ProfileError(UserError):
    """A profile that cannot be used; the message says what to change."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Cutting(_Part):
    """How sources become clips (`manifests.sources.cut`); ms are the finest. scenes: also cut where
    PySceneDetect sees a new scene. audio_track: which sound is taken of a source that has several, by
    its language ("fr", "fra") or its number from 0; a silent one only where all are."""

    max_seconds: float = Field(30.0, ge=0.001)
    min_tail_seconds: float = Field(1.0, ge=0.001)
    scenes: bool = False
    audio_track: Annotated[int, Field(strict=True, ge=0)] | str | None = None

    @field_validator("audio_track")
    @classmethod
    def _is_a_track(cls, track: int | str | None) -> int | str | None:
        if isinstance(track, str) and language_of(track) is None:
            raise ValueError(
                f'audio_track "{track}" is no language: give a code such as "fr" or "fra", '
                "or the number of a track, from 0"
            )
        return track

    @model_validator(mode="after")
    def _tail_fits(self) -> "Cutting":
        if self.min_tail_seconds > self.max_seconds:
            raise ValueError("min_tail_seconds is more than max_seconds")
        return self


class Filter(_Part):
    """Drops a clip for which all conditions of `when` hold; `name` is what the books call it."""

    name: str = Field(min_length=1)
    when: tuple[Condition, ...] = Field(min_length=1)


class ModelSpec(_Part):
    """One model that hosts load.

    name: in tables, journals and progress. use: `module:Class`, or a name that an installed package
    registers under the entry points `captionmill.captioners`. group: models of one group share an
    actor, one thread each. server: the model server that it asks, by name. python: the interpreter of
    an environment made beforehand that its group runs in. num_cpus, num_gpus: what Ray reserves for
    each replica of the group (the largest of the group counts).
    """

    name: str = Field(pattern=_NAME)
    use: str = Field(pattern=r"^[\w.-]+(:\w+)?$")
    group: str = "small"
    replicas: int = Field(1, ge=1)
    num_cpus: float = Field(0.5, ge=0)
    num_gpus: float = Field(0.0, ge=0)
    server: str | None = None
    python: str | None = None
    options: dict[str, Any] = {}


class CaptionerSpec(ModelSpec):
    """One captioner of a profile.

    when: gate; all its conditions must hold, else the captioner is skipped for the clip. reads:
    captioners before it whose weak captions it is shown.
    """

    when: tuple[Condition, ...] = ()
    reads: tuple[str, ...] = ()

    @property
    def asks(self) -> tuple[str, ...]:
        """Captioners that must have seen a clip before it: those its gate asks and those it reads."""
        return tuple(dict.fromkeys([c.of for c in self.when if c.of != CLIP] + list(self.reads)))


class LocalizerSpec(ModelSpec):
    """What finds when claims are heard (`captionmill localize`): a `captioners.localizers` class."""

    name: str = Field("localizer", pattern=_NAME)
    group: str = "localizer"


class Sizes(_Part):
    """How work is divided and how much of it is in flight; it has no effect on rows.

    batch: clips that a model sees together; the unit of resume. shard: clips committed together.
    workers: shards worked at once. decoders: decoding processes of each worker. guards: processes of
    each worker that compare captions with sentences of captioners. window_mb: decoded media in flight
    of each worker. wave: shards that one turn works before the next is loaded, where
    units take turns on a card. decode_seconds, model_seconds: a call that takes longer hangs, and its
    process is killed.
    """

    batch: int = Field(16, ge=1)
    shard: int = Field(1024, ge=1)
    workers: int = Field(2, ge=1)
    decoders: int = Field(1, ge=1)
    guards: int = Field(1, ge=1)
    window_mb: int = Field(512, ge=1)
    object_store_mb: int = Field(1536, ge=80)
    wave: int = Field(32, ge=1)
    decode_seconds: float = Field(120.0, gt=0)
    model_seconds: float = Field(600.0, gt=0)


class Profile(_Part):
    """All settings of a run. Each stage asks for the parts that it needs (`Stage.check`).

    outputs_train: refuse models unless their licence lets what they say train others. calibration:
    folder that `captionmill calibrate` wrote; without one the calibrations that come with captionmill.
    encoder: the model of `captionmill embed`.
    """

    name: str
    clips: Cutting = Cutting()
    filters: tuple[Filter, ...] = ()
    captioners: tuple[CaptionerSpec, ...] = ()
    outputs_train: bool = False
    calibration: str | None = None
    writer: WriterSpec | None = None
    encoder: ModelSpec | None = None
    localizer: LocalizerSpec | None = None
    servers: tuple[ServerSpec, ...] = ()
    sizes: Sizes = Sizes()

    @model_validator(mode="after")
    def _names_are_known(self) -> "Profile":
        names = [c.name for c in self.captioners]
        if len(set(names)) < len(names):
            raise ValueError("two captioners have the same name")
        if taken := _reserved() & set(names):
            raise ValueError(f'no captioner may be called "{taken.pop()}": the name is reserved')
        earlier = {CLIP}
        for captioner in self.captioners:
            for asked in captioner.asks:
                if asked not in earlier:
                    raise ValueError(
                        f'{captioner.name} asks "{asked}", but no captioner of this name comes before it'
                    )
            earlier.add(captioner.name)
        for rule in self.filters:
            for condition in rule.when:
                if condition.of not in earlier:
                    raise ValueError(
                        f'filter "{rule.name}" asks "{condition.of}", which is no captioner'
                    )
        return self

    @model_validator(mode="after")
    def _servers_are_known(self) -> "Profile":
        names = [server.name for server in self.servers]
        if len(set(names)) < len(names):
            raise ValueError("two servers have the same name")
        asking = [(captioner.name, captioner.server) for captioner in self.captioners]
        asking += [("the writer", self.writer.model)] if self.writer else []
        asking += [("the localizer", self.localizer.server)] if self.localizer else []
        for who, name in asking:
            if name is not None and name not in names:
                raise ValueError(
                    f'{who} asks for the server "{name}": add [[servers]] with this name, '
                    "with a model to start or the urls of running servers"
                )
        pythons: dict[str, str | None] = {}
        for captioner in self.captioners:
            if pythons.setdefault(captioner.group, captioner.python) != captioner.python:
                raise ValueError(
                    f"captioners of group {captioner.group} name different interpreters"
                )
        return self

    def server(self, name: str) -> ServerSpec:
        """The server of this name."""
        return next(server for server in self.servers if server.name == name)


def _reserved() -> set[str]:
    """Names not for captioners: conditions ask the clip by the first; the others are files of
    calibrations."""
    from captioners.confidence.calibration import FUSION

    return {CLIP, FUSION, "report"}


def load(name: str) -> Profile:
    """The profile built in under this name, or in this TOML file. Raises ProfileError.

    With `base = "<profile>"` it is that one, changed: tables are laid over the base's, entries of
    captioners, servers and filters over those of the same name, and what `without` names is left out.
    """
    try:
        return Profile(**_table(name))
    except ValidationError as error:
        lines = [
            f"  {'.'.join(str(p) for p in e['loc']) or 'profile'}: {e['msg']}"
            for e in error.errors()
        ]
        raise ProfileError(f"profile {name} is not valid:\n" + "\n".join(lines)) from error


def _table(name: str, above: tuple[str, ...] = ()) -> dict[str, Any]:
    """What a profile says, its base included. above: profiles that it is the base of."""
    if name in above:
        raise ProfileError(f"profile {name} is its own base")
    try:
        table = tomllib.loads(_text(name))
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"profile {name} is not TOML: {error}") from error
    base, without = table.pop("base", None), set(table.pop("without", ()))
    if base is not None:
        table = _laid_over(_table(str(base), (*above, name)), table)
    unknown = set(without)
    for part in _NAMED:
        entries = table.get(part, [])
        if isinstance(entries, list):
            named = [entry.get("name") for entry in entries if isinstance(entry, dict)]
            table[part] = [
                e for e in entries if not (isinstance(e, dict) and e.get("name") in without)
            ]
            unknown -= set(named)
    if unknown:
        raise ProfileError(
            f"profile {name}: without names nothing of its base: {', '.join(sorted(unknown))}"
        )
    return table


def _laid_over(base: dict[str, Any], table: dict[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in table.items():
        if key in _NAMED and isinstance(value, list) and isinstance(base.get(key), list):
            by_name = {entry["name"]: entry for entry in base[key]}
            for entry in value:
                by_name[entry.get("name")] = by_name.get(entry.get("name"), {}) | entry
            result[key] = list(by_name.values())
        elif isinstance(value, dict) and isinstance(base.get(key), dict):
            result[key] = base[key] | value
        else:
            result[key] = value
    return result


def _text(name: str) -> str:
    if name.endswith(".toml"):
        try:
            return Path(name).read_text(encoding="utf-8")
        except OSError as error:
            raise ProfileError(f"can't read the profile {name}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise ProfileError(f"profile {name} is not TOML: it is not UTF-8") from error
    file = resources.files("engine.profile") / "builtin" / f"{name}.toml"
    if not file.is_file():
        names = ", ".join(available())
        raise ProfileError(f'no profile "{name}"; use {names}, or the path of a .toml file')
    return file.read_text(encoding="utf-8")


def available() -> list[str]:
    """Names of the built-in profiles."""
    folder = resources.files("engine.profile") / "builtin"
    return sorted(
        f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")
    )
