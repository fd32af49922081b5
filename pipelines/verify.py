"""Verify a workspace: the files, the joins, and every caption against the evidence it came from.

The workspace may be somebody else's, and its settings name files: prompts, calibrations, an embedder.
None of them can run code. Prompts (TOML) and calibrations (JSON) are parsed as data and only compared by
digest; they are read if they are built in or regular files of a moderate size, so that a pipe or a
device can't hold up the check, and nothing of a file that is neither is ever shown. An embedder is
loaded only if it is a pack or a hub model that the user fetched, never from a folder that the settings
name.
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from captioners.confidence import calibration
from captioners.confidence.calibration import CalibrationError, Calibrations
from captioners.weights.packs import PackError
from engine.profile.writer import WriterSpec, guards_state
from engine.run.settings import read
from manifests.captions import CAPTIONS, claims_to_rows
from manifests.clearing import strangers
from manifests.commits import State
from manifests.evidence import evidence_from_row
from manifests.verify.check import Run, check_workspace
from manifests.verify.job import Job
from manifests.verify.problems import Problem, Recheck, Row
from manifests.verify.sample_shards import Drawing
from manifests.verify.shard import check_drawn
from manifests.workspace import Workspace
from pipelines.caption.installed import Installed, are_data, installed_spec
from pipelines.caption.writer import first_messages
from pipelines.sampled import Sampled
from pipelines.spread import spread
from pipelines.status import JobStatus, jobs
from pipelines.terminal import counted, one_line
from prompts.guards import Guards, Named
from prompts.judge import BELIEVED
from prompts.render import clip_prompt_digest
from prompts.selection import Facts
from prompts.support import supports
from prompts.violations import Violation

_LISTED = 50
_NAMED = 5
_ALONE, _ALONE_DRAWN = 4096, 256
"""Clips, and rows drawn, below which starting processes takes longer than the check."""
_LEFT_OUT = "checksums, clips that are listed twice, floods, books"
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")


@dataclass(slots=True)
class Report:
    """All problems by job, and how much was looked at. untold: problems beyond those listed, by kind.
    sampled: None: all was checked."""

    captions: int = 0
    jobs: list[JobStatus] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    untold: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    sampled: Sampled | None = None

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        told: dict[str, Any] = {
            "ok": not self.problems,
            "captions": self.captions,
            "jobs": [job.digest for job in self.jobs],
            "notes": self.notes,
            "problems": [problem.to_json() for problem in self.problems],
            "untold": dict(self.untold),
        }
        return told if self.sampled is None else told | {"sample": self.sampled.to_json()}

    def text(self) -> str:
        """For people."""
        notes = [one_line(note) for note in self.notes]
        if not self.problems and self.sampled is not None:
            return "\n".join([*self.sampled.lines(), *notes])
        if not self.problems:
            jobs = counted(len(self.jobs), "job")
            checks = "checksums, identities, digests, evidence, guards and books agree"
            return "\n".join(
                [
                    f"no problems: {counted(self.captions, 'captioned clip')} in {jobs}; {checks}",
                    *notes,
                ]
            )
        count = len(self.problems) + sum(self.untold.values())
        lines = [*notes, f"{counted(count, 'problem')}:"]
        for problem in self.problems[:_LISTED]:
            clip = f" clip {problem.clip_id}" if problem.clip_id else ""
            text = f"{problem.kind}: {problem.where}{clip}: {problem.message}"
            lines.append(f"  {one_line(text)}")
        if len(self.problems) > _LISTED:
            lines.append(f"  and {len(self.problems) - _LISTED} more (--json lists them)")
        lines += [
            f"  and {count:,} more of kind {kind}" for kind, count in sorted(self.untold.items())
        ]
        return "\n".join(lines)


def verify_workspace(workspace: Workspace, state: State, sample: int | None = None) -> Report:
    """Verifies every job of a workspace, all of it or rows drawn at random. Raises WorkspaceError when
    settings can't be read, UserError where a process that checks dies."""
    report = Report(jobs=jobs(workspace, state))
    checks = []
    for job in report.jobs:
        settings = read(workspace, job.digest)
        report.captions += job.books.captioned
        checks.append(_job(job, settings, report.notes))
    if sample is not None:
        _sample(report, Drawing(workspace, state, checks), sample)
        return report
    clips = sum(job.books.input for job in report.jobs)
    run: Run = map if clips < _ALONE else spread
    found = check_workspace(workspace, state, checks, run)
    report.problems, report.untold = found.problems, found.untold
    if foreign := strangers(workspace, state):
        named = ", ".join(foreign[:_NAMED]) + (", ..." if len(foreign) > _NAMED else "")
        count, verb = ("1 file", "is") if len(foreign) == 1 else (f"{len(foreign)} files", "are")
        report.notes.append(
            f"{count} in the table folders {verb} not captionmill's (left alone): {named}"
        )
    return report


def _sample(report: Report, drawing: Drawing, count: int) -> None:
    """Checks rows drawn at random, so many or all."""
    looked = min(count, drawing.total)
    run: Callable[..., Iterator[list[Problem]]] = map if looked < _ALONE_DRAWN else spread
    for problems in run(check_drawn, drawing.draw(count, random.SystemRandom())):
        report.problems += problems
    report.sampled = Sampled(looked, drawing.total, _LEFT_OUT)


def _job(job: JobStatus, settings: Mapping[str, Any], notes: list[str]) -> Job:
    """What is to verify of a job, by its stage."""
    kept = settings["settings"]
    if job.stage == "caption":
        return Job(job.digest, job.cut, kept["captioners"], _recheck(settings, notes))
    if job.stage == "embed":
        tables = {kept["encoder"]: kept["embeddings"]}
        return Job(job.digest, job.cut, tables, captions=kept["captions"])
    if job.stage == "localize":
        return Job(job.digest, job.cut, captions=str(kept.get("captions", "")))
    return Job(job.digest, job.cut)


def _recheck(settings: Mapping[str, Any], notes: list[str]) -> Recheck:
    """Whether the confidences of a caption row are those of its calibrations, and what the guards say."""
    parts = (_judges(settings, notes), _guards(settings, notes))
    return _Every(tuple(part for part in parts if part is not None))


@dataclass(frozen=True, slots=True)
class _Every:
    """Several rechecks, one after the other."""

    parts: tuple[Recheck, ...]

    def __call__(self, row: Row) -> Iterator[str]:
        for part in self.parts:
            yield from part(row)


def _judges(settings: Mapping[str, Any], notes: list[str]) -> Recheck | None:
    """Whether the confidences of a row are those of its calibrations; None when others, or another word
    table, are there now."""
    same = False
    try:
        folder, order = settings["profile"]["calibration"], settings["settings"]["order"]
        named = [Path(folder) / f"{name}.json" for name in order] if folder else []
        if all(map(_NAME.fullmatch, order)) and are_data(path for path in named if path.exists()):
            judges = _Judges(folder, tuple(order), settings["settings"]["calibrations"])
            # What is fused depends on the word table too: it says which claims speak for each other.
            same = (
                calibration.load(order, Path(folder) if folder else None).digest == judges.digest
                and settings["settings"]["writer"]["guards"] == guards_state()
            )
    except (CalibrationError, OSError, KeyError, TypeError):
        same = False
    if not same:
        notes.append(
            f"job {settings['digest']} used other calibrations, or another word table, than those "
            "installed: its confidences were not checked again"
        )
        return None
    return judges


@dataclass(frozen=True, slots=True)
class _Judges:
    """Judges rows by calibrations, which each process loads once. digest: of them."""

    folder: str | None
    order: tuple[str, ...]
    digest: str

    def __call__(self, row: Row) -> Iterator[str]:
        calibrations = _calibrations(self)
        captions = evidence_from_row(row).captions
        judged = calibrations.judge(captions)
        if calibrations.fuse(judged, supports(judged)) != captions:
            yield "the confidences are not those that the calibrations give"


@cache
def _calibrations(judges: _Judges) -> Calibrations:
    return calibration.load(judges.order, Path(judges.folder) if judges.folder else None)


def _guards(settings: Mapping[str, Any], notes: list[str]) -> Recheck | None:
    """What the guards say of a caption row, and whether its prompt is that of its evidence; None when
    prompts or guards are others today than those that wrote it."""
    try:
        spec = installed_spec(settings)
    except PackError as missing:
        notes.append(f"job {settings['digest']}: groundings were not checked again: {missing}")
        return None
    if spec is None:
        notes.append(
            f"job {settings['digest']} used other prompts or guards than those installed: "
            "its prompts and groundings were not checked again"
        )
        return None
    return _Guarded(spec.model_dump_json(), spec.prompt_digest())


@dataclass(frozen=True, slots=True)
class _Guarded:
    """Checks rows by guards, which each process loads once. writer: whose they are, as JSON. ladder: the
    digest of its prompts."""

    writer: str
    ladder: str

    def __call__(self, row: Row) -> Iterator[str]:
        wrote = _loaded(self)
        installed, facts = wrote.guards, wrote.guards.select(evidence_from_row(row))
        messages = first_messages(wrote.spec, wrote.templates, row["clip_id"], facts)
        if clip_prompt_digest(self.ladder, messages) != row["prompt_digest"]:
            yield "the prompt is not that of this clip's evidence"
        if facts.domain != row["domain"]:
            yield f"the domain is {facts.domain} by this clip's evidence, not {row['domain']}"
        captions: list[Named] = []
        for name in CAPTIONS:
            if (row[name] is None) != (name in facts.absent):
                yield f"{name}: present or absent against the evidence"
            elif row[name] is not None:
                captions.append((name, row[name]))
        yield from map(str, _ungrounded(installed, facts, captions, row))
        variants = [(variant["caption"], variant["text"]) for variant in row["variants"]]
        for (_, text), faults in zip(variants, installed.ground(facts, variants), strict=True):
            yield from (f'variant "{text}": {fault}' for fault in faults)
        if claims_to_rows(installed.claims(facts, captions)) != row["claims"]:
            yield "the claims are not those that the captions make of this evidence"


@cache
def _loaded(guarded: _Guarded) -> Installed:
    return Installed.of(WriterSpec.model_validate_json(guarded.writer))


def _ungrounded(
    installed: Guards, facts: Facts, captions: Sequence[Named], row: Mapping[str, Any]
) -> Iterator[Violation]:
    """What speaks against a row's captions: not against the template's, which leaves out what its bound
    has no room for, and no doubt where a judge believed them."""
    drawn = installed.template(facts)
    for (name, text), faults in zip(captions, installed.ground(facts, captions), strict=True):
        judged = row[f"{name.removesuffix('_caption')}_judged"]
        believed = judged is not None and judged >= BELIEVED
        if text != drawn[name]:
            yield from (fault for fault in faults if not (fault.doubt and believed))
