"""What a stage declares, and what the engine gives to its work.

A stage is a kind of work on shards: it reads some tables and writes others. It declares its digest, its
tables, the media, models and servers it needs, and its ordered steps, and implements the work on one
batch (`Work`). The engine gives every stage the same: leases, decoded media, pools of models, model
servers, a journal, commits, accounting, turns on scarce cards, and progress.

A step is a part of the work on a batch with a journal entry of its own. Its units are what is loaded
together or not at all. Where the units of a stage do not fit on the GPUs together, they take turns
(`engine.run.turns`), and a step's journal entry grows with every turn.
"""

import shutil
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from engine.media.decode import DecodePlan
from engine.media.probe import VERSION as PROBE_VERSION
from engine.profile.keys import require_keys
from engine.profile.profile import ModelSpec, Profile, ProfileError
from manifests.ids import digest

if TYPE_CHECKING:
    from engine.stages.tools import Tools

Row = dict[str, Any]
"""A row of a table, by column."""
Rows = Mapping[str, Sequence[Row]]
"""Rows by the name of their table."""
Inputs = Mapping[str, Mapping[str, Any]]
"""What a model may read beside media, by clip and name: of captioners the weak captions of others."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What is loaded together or not at all: a model on hosts, a server, or a model and its server.

    name: in journals, progress and errors. model: what hosts load, None where only a server is asked.
    server: the server that it asks, by its name in the profile. after: units that must have seen a
    clip before it. slots: requests at once of each shard worker, of a unit without a model.
    """

    name: str
    model: ModelSpec | None = None
    server: str | None = None
    after: tuple[str, ...] = ()
    slots: int = 1


@dataclass(frozen=True, slots=True)
class Step:
    """A part of the work on a batch. decodes: it asks for decoded media, so batches wait for room in
    the window."""

    name: str
    units: tuple[Unit, ...]
    decodes: bool = False


@dataclass(frozen=True, slots=True)
class Computing:
    """Processes of each shard worker that compute for one unit's work. name: in progress, plans and
    faults. unit: by its name. processes: of each worker."""

    name: str
    unit: str
    processes: int


@dataclass(frozen=True, slots=True)
class Turn:
    """Units that are loaded at the same time, and the servers they ask."""

    units: tuple[str, ...]
    servers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a source's bytes lie, and the file they were hashed from: size in bytes, mtime in ns."""

    uri: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Reading:
    """A committed table that a stage reads. job: whose rows are meant, None for a shared table."""

    table: str
    job: str | None = None


@dataclass(frozen=True, slots=True)
class ShardLease:
    """One shard to work.

    epoch: of the driver. clips_file: its clip table. committed: files that the stage reads, of the same
    shard, by the names of `Stage.reads`. twins: places of contents of this shard that were listed more
    than once, newest first, by content. only: of a retry, the clips to work again; None for all.
    """

    epoch: int
    shard: int
    generation: int
    clips_file: str
    committed: Mapping[str, Sequence[str]]
    twins: Mapping[str, tuple[Place, ...]] = field(default_factory=dict)
    only: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a clip could not be worked. stage: where: "probe", "decode", or the name of a unit. reason:
    short code. message: for people."""

    stage: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Clips of a shard that are worked together.

    clips: rows of the clips table, without those that have an outcome already. rows: by clip, the
    committed rows that the stage reads (by the names of `Stage.reads`) and what earlier units gave (by
    table).
    """

    clips: tuple[Mapping[str, Any], ...]
    rows: Mapping[str, Mapping[str, Row]]
    twins: Mapping[str, tuple[Place, ...]]


class Work(ABC):
    """A stage at work in one shard worker; made in the worker's event loop."""

    @abstractmethod
    async def run(self, step: Step, units: Sequence[str], batch: Batch) -> Rows:
        """What these units of a step make of a batch: new rows by table.

        Every row carries the `clip_id` of a clip of the batch. A clip gets at most one row of a table,
        and after the last step every clip has one row in exactly one table with an outcome. Raises
        ServerUnavailable, ServerRefused.
        """


class Stage(ABC):
    """A kind of work on shards, under the settings of one profile.

    name: in commit records. doing: the same for people ("captioning"). It is sent to shard workers as
    its class and what it is made of (its profile; of a stage that reads another job's captions also
    which), so everything else follows from these and from the installed code.
    """

    name: ClassVar[str]
    doing: ClassVar[str]

    def __init__(self, profile: Profile) -> None:
        self.profile = profile

    def __reduce__(self) -> tuple[type["Stage"], tuple[Any, ...]]:
        return type(self), (self.profile,)

    @property
    def cut(self) -> str:
        """Digest of how sources become clips: names the sources and clips tables."""
        return digest([PROBE_VERSION, self.profile.clips.model_dump()])

    @property
    @abstractmethod
    def digest(self) -> str:
        """Digest of every setting that shapes a row: names the job."""

    @property
    @abstractmethod
    def tables(self) -> tuple[str, ...]:
        """The tables that it writes, in the order in which their files are written. Their kinds are
        registered (`manifests.kinds.register`)."""

    @property
    @abstractmethod
    def steps(self) -> tuple[Step, ...]:
        """Its steps in order."""

    @abstractmethod
    def work(self, tools: "Tools") -> Work:
        """What works batches in a shard worker."""

    @property
    def reads(self) -> Mapping[str, Reading]:
        """Committed tables whose rows its batches are given. Its own shared tables, which other jobs fill
        too, are named by themselves; a shard waits until the jobs that it reads have committed it."""
        return {}

    @property
    def plan(self) -> DecodePlan:
        """What to decode of a clip."""
        return DecodePlan()

    @property
    def computing(self) -> Computing | None:
        """Processes that compute for its work (`Tools.computers`); None where it needs none."""
        return None

    def settings(self) -> dict[str, Any]:
        """The resolved settings, as kept in the workspace under the digest."""
        return {}

    def check(self) -> None:
        """Raises ProfileError for what a run would find too late, or must not do: here a key that is not
        set, an interpreter that is not there."""
        require_keys(self.profile.servers)
        for unit in self.units:
            python = unit.model.python if unit.model else None
            if python is not None and shutil.which(python) is None:
                raise ProfileError(
                    f"{unit.name}: there is no interpreter {python}; "
                    "make its environment first (docs/captioners.md)"
                )

    def detail(self, rows: Rows) -> Mapping[str, int]:
        """What the books count of rows beside their outcomes."""
        return {}

    @property
    def units(self) -> tuple[Unit, ...]:
        """The units of all steps in order."""
        return tuple(unit for step in self.steps for unit in step.units)

    @property
    def slots(self) -> dict[str, int]:
        """How much of each unit, of decoding and of computing works at once in a run."""
        sizes = self.profile.sizes
        slots = {"decode": sizes.workers * sizes.decoders} if self.plan != DecodePlan() else {}
        replicas: dict[str, int] = {}
        for unit in self.units:
            if unit.model is not None:
                group = unit.model.group
                replicas[group] = max(replicas.get(group, 1), unit.model.replicas)
        for unit in self.units:
            slots[unit.name] = (
                sizes.workers * unit.slots if unit.model is None else replicas[unit.model.group]
            )
        if self.computing is not None:
            slots[self.computing.name] = sizes.workers * self.computing.processes
        return slots
