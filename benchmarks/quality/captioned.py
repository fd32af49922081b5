"""Clips of a captioned workspace with what the bench knows of their files."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.quality.known import Case
from manifests import commits, tables
from manifests.captions import CAPTIONS, CaptionSet, How, Written
from manifests.evidence import Evidence, evidence_from_row
from manifests.ids import path_of
from manifests.workspace import Workspace
from pipelines.show import caption_files
from pipelines.status import newest


def rows(folder: Path) -> Iterator[dict[str, Any]]:
    """The caption rows of a workspace's newest job. Raises WorkspaceError, CommitError."""
    workspace = Workspace.open(folder)
    state = commits.load(workspace)
    job = newest(workspace, state)
    yield from tables.read_all(workspace.root, caption_files(state, job.digest))


def joined(folder: Path, cases: Mapping[str, Case]) -> dict[str, tuple[Case, Evidence, Written]]:
    """By clip id: the bench's case of its file with what captioners said of it, its evidence, its
    captions as they stand in the row.

    cases: by the name of the file, without its folder. Files that the bench does not know are left
    out. The truth is of whole files: a file that was cut into several clips raises ValueError.
    """
    found: dict[str, tuple[Case, Evidence, Written]] = {}
    files: set[str] = set()
    for row in rows(folder):
        name = Path(path_of(row["uri"]).decode("utf-8", "surrogateescape")).name
        if name not in cases:
            continue
        if name in files:
            raise ValueError(f"{name} was cut into several clips, and its truth is of all of it")
        files.add(name)
        evidence = evidence_from_row(row)
        case = replace(
            cases[name],
            clip_id=evidence.clip_id,
            has_audio=evidence.has_audio,
            has_video=evidence.has_video,
            duration_ms=evidence.duration_ms,
            weak=evidence.captions,
        )
        found[evidence.clip_id] = (case, evidence, written(row))
    return found


def written(row: Mapping[str, Any]) -> Written:
    """The captions of a row, without what they claim. Its rungs stand in the order of its captions."""
    rungs = iter(row["rungs"])
    how = {}
    for name in CAPTIONS:
        short = name.removesuffix("_caption")
        by = row[f"{short}_by"]
        how[name] = How(by, row[f"{short}_why"], next(rungs, None) if by else None)
    return Written(
        clip_id=row["clip_id"],
        captions=CaptionSet(**{name: row[name] for name in CAPTIONS}),
        how=how,
        evidence_digest=row["evidence_digest"],
        prompt_digest=row["prompt_digest"],
        transcript=row["transcript"],
        domain=row["domain"],
        model=row["writer"],
    )
