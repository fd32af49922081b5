"""Inputs of a release: which captioning of each workspace counts, and its committed files.

Everything is looked at before work starts: what the rules need and a workspace lacks is told with the
key that needs it. Files are taken from the commit records at that moment. They never change afterwards,
so a workspace may go on being captioned meanwhile.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from engine.run.settings import read
from manifests import commits
from manifests.commits import State
from manifests.errors import UserError
from manifests.ids import digest
from manifests.kinds import CAPTIONS, SIMILARITY, SOURCES
from manifests.release import media
from manifests.release.layout import ReleaseEncoder
from manifests.release.rules import Needs, Rules, RulesError
from manifests.release.sections import InputRule
from manifests.release.shards import Input, Shard
from manifests.workspace import Workspace
from pipelines.rebuild.licences import require_known
from pipelines.status import JobStatus, jobs, uncompared

__all__ = ["Input", "Shard", "open_inputs"]

Files = Sequence[tuple[str, str]]
"""Path and sha256 of files."""

_STAGES = {"caption": 1, "recaption": 2}
"""Stages that write captions, with what the rules call them."""


def open_inputs(rules: Rules) -> list[Input]:
    """The inputs in the order of the rules. Raises RulesError for one that can't be read, has no
    captions, is there twice, or lacks what the rules need."""
    needs = rules.needs()
    inputs: list[Input] = []
    began: list[tuple[float, int]] = []
    for number, rule in enumerate(rules.input):
        try:
            opening = _Opening(rules, number, rule)
            given = opening.input(needs)
            began.append(opening.began(given.job))
        except RulesError:
            raise
        except UserError as error:
            raise rules.error(f"input.{number}.workspace", str(error)) from error
        for other in inputs:
            if (other.root, other.job) == (given.root, given.job):
                raise rules.error(
                    f"input.{number}",
                    f"is captioning {given.job} of {given.root}, as {other.name} is: leave one out, or "
                    "name another captioning with job",
                )
        inputs.append(given)
    _require_one_encoder(rules, inputs)
    require_known(rules, inputs)
    # Of inputs that began at the same time the later in the rules is the newer.
    oldest = sorted(range(len(inputs)), key=lambda number: (began[number], number))
    return [replace(given, age=oldest.index(given.number)) for given in inputs]


def _require_one_encoder(rules: Rules, inputs: Sequence[Input]) -> None:
    """Raises RulesError where inputs have vectors of different encoders."""
    first = inputs[0]
    for other in inputs[1:]:
        if first.encoder != other.encoder and first.encoder and other.encoder:
            raise rules.error(
                "output.embeddings",
                f"{first.name} is embedded by {_named(first.encoder)}, {other.name} by "
                f"{_named(other.encoder)}: embed all inputs with one encoder, or leave embeddings out",
            )


def _named(encoder: ReleaseEncoder) -> str:
    return f"{encoder.name} ({encoder.width} numbers, {encoder.identity})"


class _Opening:
    """One input while it is looked at."""

    def __init__(self, rules: Rules, number: int, rule: InputRule) -> None:
        self._rules, self._number, self._rule = rules, number, rule
        self._workspace = Workspace.open(rules.path(rule.workspace))
        self._state: State = commits.load(self._workspace)
        self._jobs = jobs(self._workspace, self._state)

    def input(self, needs: Needs) -> Input:
        """The input. Raises RulesError and what reading a workspace raises."""
        job = self._captioning()
        captions = self._by_shard([job], CAPTIONS.name)
        captions = {shard: files for shard, files in captions.items() if files}
        if not captions:
            raise self._lacks("", f"captioning {job.digest} of {self._root} has no captions yet")
        self._require_columns(captions, needs)
        embedding = self._embedding(job, needs)
        similar = self._by_shard([embedding], SIMILARITY.name) if embedding else {}
        vectors = self._vectors(embedding) if embedding and needs.embeddings else {}
        similar = similar if needs.similarity else {}
        shards = tuple(
            self._shard(job, n, captions[n], similar.get(n, ()), vectors.get(n, ()))
            for n in sorted(captions)
        )
        tables = [captions, similar, vectors]
        held = [sorted((n, [f[1] for f in files]) for n, files in each.items()) for each in tables]
        # Among several inputs it decides which rows stay.
        ages = "age" in needs.keys and len(self._rules.input) > 1
        return Input(
            number=self._number,
            name=self._rule.name,
            root=self._workspace.root,
            job=job.digest,
            digest=digest([job.digest, held, *(self.began(job.digest) if ages else ())]),
            real=self._rule.real,
            stage=_STAGES[job.stage],
            shards=shards,
            uncompared=(uncompared(self._jobs, job) or 0) if needs.similarity else 0,
            encoder=self._encoder(embedding, vectors)
            if embedding and self._rules.output.embeddings
            else None,
            sources={str(self._root / f.path): f.sha256 for f in self._state.files(SOURCES.name)},
        )

    def _shard(
        self, job: JobStatus, number: int, captions: Files, similar: Files, vectors: Files
    ) -> Shard:
        """A shard of these files."""
        clips = self._state.clip_table(job.cut, number)
        listed = [*captions, *similar, *vectors, (clips.path, clips.sha256)]
        return Shard(
            number,
            self._paths(captions),
            self._paths(similar),
            self._paths(vectors),
            str(self._root / clips.path),
            {str(self._root / path): sha256 for path, sha256 in listed},
        )

    def began(self, job: str) -> tuple[float, int]:
        """When a captioning began: the driver that committed the first of it, by its clock, in seconds
        since 1970, and its epoch. The commit records say so, so copies of a workspace say the same. Where
        an older version removed that, the first driver after it of which it is known counts."""
        epoch, times = self._state.first_epoch(job), commits.began(self._workspace)
        return times[min(number for number in times if number >= epoch)], epoch

    @property
    def _root(self) -> Path:
        return self._workspace.root

    def _lacks(self, key: str, message: str) -> UserError:
        return self._rules.error(f"input.{self._number}{key}", message)

    def _captioning(self) -> JobStatus:
        """The captioning that the rule names, or the newest."""
        begun = [job for job in self._jobs if job.stage in _STAGES]
        if not begun:
            raise self._lacks(
                ".workspace", f"{self._root} has no captions: run captionmill caption"
            )
        wanted = self._rule.job
        if wanted is None:
            return begun[-1]
        matching = [job for job in begun if job.digest.startswith(wanted)]
        if len(matching) != 1:
            there = ", ".join(job.digest for job in begun)
            how = "several captionings begin" if matching else "no captioning begins"
            raise self._lacks(".job", f"{how} with {wanted} in {self._root}: there are {there}")
        return matching[0]

    def _embedding(self, job: JobStatus, needs: Needs) -> JobStatus | None:
        """The newest embedding of these captions, where the rules need one."""
        if not (needs.similarity or needs.embeddings):
            return None
        for each in reversed(self._jobs):
            if each.stage == "embed" and self._settings(each).get("captions") == job.digest:
                return each
        raise self._lacks(
            "",
            f"captions {job.digest} of {self._root} are not embedded, which {_asking(self._rules)} "
            f"needs: run captionmill embed {self._root}, or leave that rule out",
        )

    def _vectors(self, embedding: JobStatus) -> dict[int, list[tuple[str, str]]]:
        """Files of the vectors: jobs with other captions may have filled some."""
        table = self._settings(embedding).get("embeddings", "")
        same = [
            job
            for job in self._jobs
            if job.stage == "embed"
            and job.cut == embedding.cut
            and self._settings(job).get("embeddings") == table
        ]
        return self._by_shard(same, table)

    def _encoder(
        self, embedding: JobStatus, vectors: Mapping[int, list[tuple[str, str]]]
    ) -> ReleaseEncoder:
        """Whose vectors an embedding made."""
        settings = self._settings(embedding)
        if not vectors:
            raise self._lacks(
                "", f"no clip of {self._root} has vectors, which output.embeddings needs"
            )
        if "identity" not in settings:
            raise self._lacks(
                "",
                f"{self._root} does not say whose vectors it has, as an older version embedded it: run "
                f"captionmill embed {self._root} again, which only notes it",
            )
        width = media.width_of(self._root / vectors[min(vectors)][0][0])
        return ReleaseEncoder(name=settings["encoder"], width=width, identity=settings["identity"])

    def _settings(self, job: JobStatus) -> Mapping[str, str]:
        settings: Mapping[str, str] = read(self._workspace, job.digest)["settings"]
        return settings

    def _by_shard(self, of: Sequence[JobStatus], table: str) -> dict[int, list[tuple[str, str]]]:
        """Path and sha256 of the files of a table by shard, in the order of jobs and generations."""
        files: dict[int, list[tuple[str, str]]] = {}
        for job in of:
            for shard, records in self._state.shards(job.digest, table).items():
                files.setdefault(shard, []).extend(
                    (file.path, file.sha256)
                    for record in records
                    for file in record.files
                    if file.rows
                )
        return files

    def _paths(self, files: Files) -> tuple[str, ...]:
        return tuple(str(self._root / path) for path, _ in files)

    def _require_columns(self, captions: Mapping[int, list[tuple[str, str]]], needs: Needs) -> None:
        """Raises RulesError where the first file lacks a column: all are of one version."""
        path = self._root / captions[min(captions)][0][0]
        try:
            with path.open("rb") as file:
                names = set(pq.read_schema(file).names)
        except (OSError, pa.ArrowException) as error:
            raise self._lacks(
                ".workspace", f"{path} can't be read: {error}; captionmill verify tells more"
            ) from error
        if lost := sorted(needs.captions - names):
            raise self._lacks(
                ".workspace",
                f"{path} has no column {', '.join(lost)}, which the rules need: caption it again with "
                "this version, or leave those rules out",
            )


def _asking(rules: Rules) -> str:
    """The key of the first rule that needs embeddings or similarities."""
    asking = {
        "keep.min_similarity": rules.keep.min_similarity,
        "duplicates.media": rules.duplicates.media is not None,
        "decontaminate.near_media": rules.decontaminate.near_media is not None,
        "output.embeddings": rules.output.embeddings,
    }
    return next((key for key, asks in asking.items() if asks), "winner.order")
