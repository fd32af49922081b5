"""What a report is about, as tables in a database: the newest captions of a workspace, and what belongs
to them. Those of a release are in `pipelines.report.released`."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from engine.run.settings import read
from manifests import commits
from manifests.captions import CAPTIONS as NAMES
from manifests.commits import State
from manifests.kinds import CAPTIONS, CLIPS, SIMILARITY
from manifests.tables import File
from manifests.workspace import Workspace
from pipelines.report.query import Query
from pipelines.status import JobStatus, jobs, newest

Row = Mapping[str, Any]

SAMPLED = 200_000
"""Clips whose texts and evidence are read; of more, whole files are drawn until there are so many."""

TEMPLATE = "template"
"""The rung of captions that the template wrote."""

_LARGEST_LOG = 64 << 20
"""Bytes of a run log that are read."""


class Reported(ABC):
    """A caption set of which a report is made."""

    @property
    @abstractmethod
    def root(self) -> Path:
        """Its folder."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What people call it."""

    @property
    @abstractmethod
    def digest(self) -> str:
        """Of what made it: 16 hex digits."""

    @property
    @abstractmethod
    def made(self) -> str:
        """How it was made, in words that follow "captioned"."""

    @abstractmethod
    def score(self, query: Query, prefix: str = "") -> None:
        """Makes the view `captions`, a row for each clip, and two tables.

        `scores`: of each clip its id, the place of its file, its claims and unsupported ones (null where
        claims are not stored), support and confidence (null without claims), refusals (different faults
        of refused replies), `has` (a bit for each caption that is there), `texts` (a hash of these).
        `tallies`: claims by caption and tier, how many of them are shared, and of the supported ones how
        many have a probability (`known`) and the sum of these (`sure`). prefix: of their names.
        """

    @abstractmethod
    def sample(self, query: Query) -> None:
        """Makes, of what `score` made without a prefix, the views `sample` (captions of about `SAMPLED`
        clips), `supported` (their clip_id, claim, captioners), `said` (claims of weak captions: clip,
        file, captioner, claim, probability alone and together) and `similarity` (of all clips)."""

    @abstractmethod
    def rows(
        self, query: Query, places: Mapping[str, int | None], prefix: str = ""
    ) -> dict[str, Row]:
        """Whole rows of captions, as workspaces have them, by clip id. places: of their files, None
        where that is not known."""

    @abstractmethod
    def listed(self, query: Query, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """What decoding clips needs, of rows of captions."""


@dataclass(frozen=True)
class CaptionedSet(Reported):
    """The captions of one job. embedding: the newest embed job of these captions, if there is one."""

    workspace: Workspace
    state: State
    job: JobStatus
    embedding: JobStatus | None

    @classmethod
    def open(cls, root: Path) -> "CaptionedSet":
        """The newest captions of a workspace. Raises WorkspaceError, CommitError."""
        workspace = Workspace.open(root)
        state = commits.load(workspace)
        job = newest(workspace, state)
        embedding = None
        for other in jobs(workspace, state):
            if other.stage == "embed" and other.cut == job.cut:
                captions = read(workspace, other.digest)["settings"].get("captions", job.digest)
                embedding = other if captions == job.digest else embedding
        return cls(workspace, state, job, embedding)

    @property
    def root(self) -> Path:
        return self.workspace.root

    @property
    def name(self) -> str:
        return self.root.name

    @property
    def digest(self) -> str:
        return self.job.digest

    @property
    def made(self) -> str:
        return f"with the profile {self.job.profile}"

    def show(self, query: Query, prefix: str = "") -> str:
        """Makes the view `captions`; its name."""
        view = f"{prefix}captions"
        query.show(view, CAPTIONS.name, self.root, self.captions)
        return view

    def score(self, query: Query, prefix: str = "") -> None:
        view = self.show(query, prefix)
        query.rows(_SCORES.format(name=f"{prefix}scores", view=view))
        tier = tier_of("c.supported", "c.confidence.tier")
        query.rows(
            f"CREATE TABLE {prefix}tallies AS SELECT c.caption AS caption, {tier} AS tier, "
            "count(*) AS claims, count_if(len(c.captioners) > 1) AS shared, "
            f"{sums('c.supported', 'c.confidence.probability')} "
            f"FROM (SELECT unnest(claims) AS c FROM {view}) GROUP BY 1, 2"
        )

    def sample(self, query: Query) -> None:
        drawn = {file.path for file in self._drawn}
        places = [at for at, file in enumerate(self.captions) if file.path in drawn]
        query.rows(f"CREATE VIEW sample AS SELECT * FROM {query.files('captions', places)}")
        query.rows(
            "CREATE VIEW supported AS SELECT clip_id, c.text AS claim, c.captioners AS captioners "
            "FROM (SELECT clip_id, unnest(claims) AS c FROM sample)"
        )
        query.rows(_SAID)
        query.show("similarity", SIMILARITY.name, self.root, self.similarity)

    def rows(
        self, query: Query, places: Mapping[str, int | None], prefix: str = ""
    ) -> dict[str, Row]:
        return rows_of(query, f"{prefix}captions", places)

    def listed(self, query: Query, rows: Sequence[Row]) -> list[dict[str, Any]]:
        query.show("clips", CLIPS.name, self.root, self.clips())
        marks = ", ".join("?" for _ in rows)
        wanted = f"SELECT * FROM clips WHERE clip_id IN ({marks}) ORDER BY clip_id"
        ids = [row["clip_id"] for row in rows]
        found = query.named(wanted, ids) if ids else []
        return list({row["clip_id"]: row for row in found}.values())

    @property
    def first_rung(self) -> str | None:
        """The rung that asked for the captions first, by the job's settings: names of rungs are free. The
        template where no rung asked; None where the settings do not tell."""
        try:
            ladder = read(self.workspace, self.job.digest)["profile"]["writer"]["ladder"]
            name = ladder[0]["name"] if ladder else TEMPLATE
        except (KeyError, TypeError, IndexError):
            return None
        return name if isinstance(name, str) else None

    @cached_property
    def captions(self) -> tuple[File, ...]:
        """Committed files of captions."""
        return tuple(self.state.files(CAPTIONS.name, job=self.job.digest))

    @cached_property
    def _drawn(self) -> tuple[File, ...]:
        """Files of captions that hold about `SAMPLED` rows, drawn by their checksums: the same ones each
        time, from all over the listing."""
        drawn, rows = [], 0
        for file in sorted(self.captions, key=lambda file: _order(file.sha256)):
            if rows >= SAMPLED:
                break
            drawn.append(file)
            rows += file.rows
        return tuple(drawn)

    @property
    def similarity(self) -> tuple[File, ...]:
        """Committed files of similarities."""
        if self.embedding is None:
            return ()
        return tuple(self.state.files(SIMILARITY.name, job=self.embedding.digest))

    def clips(self) -> tuple[File, ...]:
        """Committed files of the listing's clips."""
        return tuple(self.state.files("clips", cut=self.job.cut))

    def runs(self) -> list[Mapping[str, Any]]:
        """What the run log says of each run of the captioning job, oldest first; lines that are damaged
        are left out."""
        lines: list[Mapping[str, Any]] = []
        for path in sorted((self.workspace.root / "runlog").glob("*.jsonl")):
            # A run tells of itself anew as it goes: its last line has all of it.
            last = None
            for line in _lines(path):
                if isinstance(line, dict) and line.get("job") == self.job.digest:
                    last = line
            if last is not None:
                lines.append(last)
        return lines


def tier_of(supported: str, tier: str) -> str:
    """SQL of how sure a claim is: its tier, "none" where nobody measured it, or "unsupported"."""
    return (
        f"CASE WHEN NOT coalesce({supported}, false) THEN 'unsupported' "
        f"ELSE coalesce({tier}, 'none') END"
    )


def sums(supported: str, probability: str) -> str:
    """SQL of how many supported claims have a probability, and of the sum of these."""
    of = f"{probability}) FILTER ({supported})"
    return f"count({of} AS known, sum({of} AS sure"


FILE = "TRY_CAST(regexp_extract({}, '(\\d+)\\.parquet$', 1) AS INTEGER)"
"""SQL of the place of a file of a view, from its column `filename`."""

HAS = " + ".join(f"({name} IS NOT NULL)::INT * {1 << at}" for at, name in enumerate(NAMES))
TEXTS = f"hash({', '.join(NAMES)})"
"""SQL of which captions a row has, a bit for each, and of a hash of their texts."""

_UNSUPPORTED = "len(list_filter(claims, lambda c: NOT coalesce(c.supported, false)))"
_SCORES = f"""
CREATE TABLE {{name}} AS SELECT
    CAST(clip_id AS UUID) AS id,
    {FILE.format("filename")} AS file,
    CAST(len(claims) AS UINTEGER) AS claims,
    CAST({_UNSUPPORTED} AS UINTEGER) AS unsupported,
    CAST(1 - {_UNSUPPORTED} / nullif(len(claims), 0) AS FLOAT) AS support,
    CAST(list_avg(list_transform(claims, lambda c: CASE WHEN c.supported THEN
        c.confidence.probability END)) AS FLOAT) AS confidence,
    CAST(len(coalesce(lints, [])) AS UINTEGER) AS refusals,
    CAST({HAS} AS UTINYINT) AS has,
    {TEXTS} AS texts
FROM {{view}}"""

_SAID = f"""
CREATE VIEW said AS SELECT clip_id AS clip, {FILE.format("filename")} AS file, captioner,
    c.text AS claim, c.confidence.probability AS alone, c.fused.probability AS together
FROM (
    SELECT clip_id, filename, w.captioner AS captioner, unnest(w.claims) AS c FROM (
        SELECT clip_id, filename, unnest(evidence) AS w FROM sample))"""


def rows_of(query: Query, view: str, places: Mapping[str, int | None]) -> dict[str, Row]:
    """Rows of a view by clip id. places: the files of the view that they are in, None where that is not
    known. Only those are read."""
    if not places:
        return {}
    within = view
    if None not in places.values():
        within = query.files(view, sorted({at for at in places.values() if at is not None}))
    marks = ", ".join("?" for _ in places)
    rows = query.named(f"SELECT * FROM {within} WHERE clip_id IN ({marks})", list(places))
    return {row["clip_id"]: row for row in rows}


def _order(sha256: str) -> str:
    return hashlib.sha256(sha256.encode()).hexdigest()


def _lines(path: Path) -> list[Any]:
    if path.is_symlink() or path.stat().st_size > _LARGEST_LOG:
        return []
    lines = []
    for text in path.read_text("utf-8", "replace").splitlines():
        try:
            lines.append(json.loads(text))
        except ValueError:
            continue
    return lines
