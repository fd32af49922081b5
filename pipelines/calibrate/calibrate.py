"""`captionmill calibrate`: from media of known content to the calibrations of a profile.

What captioners said is read from the weak tables of a workspace's newest job: nothing is run again. What
is written was fitted with all media; every figure told is for media of origins that nothing was fitted
with (`pipelines.calibrate.fitting`). The truth of a file counts for each of its clips: files that
are no longer than a clip tell more.
"""

import json
from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

from captioners.confidence import calibration
from captioners.confidence.calibration import FUSION, Calibration, Calibrations, Quality
from manifests import tables
from manifests.commits import State
from manifests.errors import UserError
from manifests.evidence import Kind, Tier, WeakCaption, weak_from_row
from manifests.ids import content_hash
from manifests.workspace import Workspace, make_folder, write_atomic
from pipelines.calibrate.fitting import FOLDS, Fitter, Found, Shown, kinds_of
from pipelines.calibrate.labelled import Labelled, read
from pipelines.calibrate.reliability import Judged, draw, quality, tier_shares
from pipelines.status import JobStatus, newest, settings

_NAMED = 3
_CONTENT = "content_hash"
_FUSED = {"audio": "heard, fused", "video": "seen, fused"}


class CalibrateError(UserError):
    """What keeps a list and a workspace from giving calibrations."""


@dataclass(frozen=True)
class Row:
    """A line of the table: kinds of a captioner that share a fit, or all captioners fused. before: of raw
    scores, or of the surest captioner's word."""

    captioner: str
    kinds: tuple[Kind, ...]
    files: int
    origins: int
    claims: int
    true: int
    before: Quality
    after: Quality


@dataclass(frozen=True)
class Report:
    """How good the calibrations in `folder` are. tiers: claims, and true ones, of each word of the fused
    confidence; left_out: labelled files of which no captioner could say anything."""

    folder: Path
    rows: tuple[Row, ...]
    tiers: Mapping[Tier, tuple[int, int]]
    left_out: int

    def to_json(self) -> dict[str, Any]:
        """For `--json` and report.json."""
        rows = [
            vars(row) | {"before": row.before.model_dump(), "after": row.after.model_dump()}
            for row in self.rows
        ]
        tiers = {tier: {"claims": n, "true": right} for tier, (n, right) in self.tiers.items()}
        return {"folds": FOLDS, "rows": rows, "tiers": tiers, "left_out": self.left_out}

    def text(self) -> str:
        """For people."""
        lines = [_line("captioner", "kind", "files", "origins", "claims", "true", "Brier", "ECE")]
        for row in self.rows:
            after = row.after
            spread = "[{:.3f}, {:.3f}]".format(*after.interval) if after.interval else "[-]"
            lines.append(
                _line(
                    row.captioner,
                    ", ".join(row.kinds),
                    str(row.files),
                    str(row.origins),
                    str(row.claims),
                    f"{row.true / row.claims:.0%}",
                    f"{row.before.brier:.3f} -> {after.brier:.3f}",
                    f"{row.before.ece:.3f} -> {after.ece:.3f} {spread}",
                )
            )
        tiers = ", ".join(
            f"{tier} {right / n:.0%} of {n}" if n else f"{tier} none"
            for tier, (n, right) in self.tiers.items()
        )
        lines.append(f"true by tier of the fused confidence: {tiers}")
        if self.left_out:
            lines.append(f"{self.left_out} labelled files were filtered or are in quarantine")
        lines.append(f'written to {self.folder}; in a profile: calibration = "{self.folder}"')
        return "\n".join(lines)


def calibrate(labelled: Path, workspace: Workspace, state: State) -> Report:
    """Fits and tests the captioners of a workspace's newest job; writes `calibration/` into it.

    Raises LabelledError, CalibrateError, WorkspaceError.
    """
    job = newest(workspace, state)
    kept = settings(workspace, job.digest)["settings"]
    names: dict[str, str] = {name: kept["captioners"][name] for name in kept["order"]}
    rows = _by_content(labelled)
    said = _said(workspace, state, names, rows)
    left_out = _left_out(workspace, state, job, rows, said)
    given = _given(names)
    shown = [_shown(rows[captions[0].content_hash], captions, given) for captions in said]
    fitter = Fitter(given, f"{labelled.name}, captioned by job {job.digest}")
    found = list(fitter.test(shown))
    if not found:
        raise CalibrateError(
            f"of what captioners said of the files of {labelled} nothing can be judged"
        )
    groups: dict[tuple[str, tuple[Kind, ...]], list[Found]] = defaultdict(list)
    order = list(names)
    for claim in sorted(found, key=lambda claim: order.index(claim.captioner)):
        groups[claim.captioner, kinds_of(claim.claim)].append(claim)
    alone = {key: _judged(key[0], claims, fused=False) for key, claims in groups.items()}
    fused = [
        _judged(name, claims, fused=True)
        for side, name in _FUSED.items()
        if (claims := _once([claim for claim in found if claim.claim.modality == side]))
    ]
    report = Report(
        workspace.root / "calibration",
        (
            *(_row(judged, kinds) for (_, kinds), judged in alone.items()),
            *(_row(judged, ()) for judged in fused),
        ),
        tier_shares(fused),
        left_out,
    )
    _write(report, fitter.fit(shown))
    panels = [
        _judged(name, [claim for claim in found if claim.captioner == name], fused=False)
        for name in dict.fromkeys(name for name, _ in groups)
    ]
    draw(panels, fused, report.folder / "reliability.png", _title(labelled, shown))
    return report


def _by_content(labelled: Path) -> dict[str, Labelled]:
    """The rows of a list by the content of their files."""
    rows: dict[str, Labelled] = {}
    for row in read(labelled):
        path = row.path(labelled.parent)
        if not path.is_file():
            raise CalibrateError(f"{labelled} names {row.file}: there is no file {path}")
        content = content_hash(path)
        other = rows.setdefault(content, row)
        if other.model_copy(update={"file": row.file}) != row:
            raise CalibrateError(
                f"{labelled} says of {other.file} and {row.file}, the same bytes, not the same"
            )
    return rows


def _said(
    workspace: Workspace, state: State, names: Mapping[str, str], contents: Container[str]
) -> list[tuple[WeakCaption, ...]]:
    """What the captioners said, in their order, of each clip of these contents."""
    said: dict[str, dict[str, WeakCaption]] = defaultdict(dict)
    for name, table in names.items():
        for row in tables.read_all(workspace.root, state.files(table)):
            if row["content_hash"] in contents:
                said[row["clip_id"]][name] = weak_from_row(row)
    return [tuple(by[name] for name in names if name in by) for _, by in sorted(said.items())]


def _left_out(
    workspace: Workspace,
    state: State,
    job: JobStatus,
    rows: Mapping[str, Labelled],
    said: Sequence[Sequence[WeakCaption]],
) -> int:
    """How many labelled files were worked without a word. Raises CalibrateError for those that were not
    worked."""
    sources = state.files("sources", cut=job.cut)
    listed = {row["content_hash"] for row in tables.read_all(workspace.root, sources, [_CONTENT])}
    missing = [row.file for content, row in rows.items() if content not in listed]
    if missing:
        named = ", ".join(missing[:_NAMED]) + (", ..." if len(missing) > _NAMED else "")
        raise CalibrateError(
            f"{len(missing)} of {len(rows)} labelled files are not in {workspace.root} ({named}); "
            f"caption them first: captionmill caption FOLDER {workspace.root}"
        )
    silent = rows.keys() - {captions[0].content_hash for captions in said}
    if silent and job.books.pending:
        raise CalibrateError(
            f"{len(silent)} of {len(rows)} labelled files are not captioned yet: "
            "run the same captionmill caption again to finish"
        )
    return len(silent)


def _given(names: Mapping[str, str]) -> dict[str, Calibration]:
    """What is not fitted of each captioner: facts and a scorer's cut-points, as the package has them."""
    own = calibration.load(names).by_captioner
    given = {}
    for name, table in names.items():
        known = own.get(name, Calibration(captioner=name, source=""))
        facts = {kind: fit for kind, fit in known.kinds.items() if fit.method == "fact"}
        given[name] = known.model_copy(update={"table": table, "kinds": facts})
    return given


def _shown(
    row: Labelled, captions: tuple[WeakCaption, ...], given: Mapping[str, Calibration]
) -> Shown:
    """A clip with the truth of what was said of it; facts and bare measures are nobody's opinion."""
    content = captions[0].content_hash
    truths = {
        (at, number): true
        for at, weak in enumerate(captions)
        for number, claim in enumerate(weak.claims)
        if claim.text.strip() and claim.kind not in given[weak.captioner].kinds
        if (true := row.truth(claim)) is not None
    }
    return Shown(content, row.origin or content, captions, truths)


def _once(found: Sequence[Found]) -> list[Found]:
    """Of several claims that say the same of a clip, and are as true, the first."""
    told: dict[tuple[int, frozenset[str], bool], Found] = {}
    for claim in found:
        told.setdefault((id(claim.shown), claim.support.about, claim.true), claim)
    return list(told.values())


def _judged(name: str, found: Sequence[Found], fused: bool) -> Judged:
    """The probabilities of claims: raw and calibrated, or those of the surest captioner and fused."""
    after = [claim.fused if fused else claim.own for claim in found]
    before = [claim.alone.probability if fused else claim.raw for claim in found]
    return Judged(
        name,
        np.array(before),
        np.array([sure.probability for sure in after]),
        np.array([claim.true for claim in found]),
        np.array([claim.shown.origin for claim in found]),
        len({claim.shown.file for claim in found}),
        tuple(sure.tier for sure in after),
    )


def _row(judged: Judged, kinds: tuple[Kind, ...]) -> Row:
    return Row(
        judged.name,
        kinds,
        judged.files,
        len(set(judged.origins.tolist())),
        len(judged),
        int(judged.true.sum()),
        quality(judged.before, judged.true, judged.origins),
        quality(judged.after, judged.true, judged.origins),
    )


def _write(report: Report, known: Calibrations) -> None:
    """The calibrations with their figures, what captioners are worth together, and the report."""
    make_folder(report.folder)
    for old in report.folder.glob("*.json"):
        old.unlink()
    for name in dict.fromkeys(row.captioner for row in report.rows if row.kinds):
        calibration = known.by_captioner[name]
        kinds = dict(calibration.kinds)
        for row in report.rows:
            if row.captioner == name:
                figures = {"raw": row.before, "fitted": row.after}
                kinds |= {kind: kinds[kind].model_copy(update=figures) for kind in row.kinds}
        _save(report.folder / f"{name}.json", calibration.model_copy(update={"kinds": kinds}))
    _save(report.folder / f"{FUSION}.json", known.fusion)
    text = json.dumps(report.to_json(), indent=1) + "\n"
    write_atomic(report.folder / "report.json", text.encode())


def _save(path: Path, model: BaseModel) -> None:
    text = json.dumps(model.model_dump(mode="json", exclude_defaults=True), indent=1) + "\n"
    write_atomic(path, text.encode())


def _title(labelled: Path, shown: Sequence[Shown]) -> str:
    files, origins = {clip.file for clip in shown}, {clip.origin for clip in shown}
    return (
        f"{labelled.name}: {len(files)} files of {len(origins)} origins; "
        "every claim judged by what other origins taught"
    )


def _line(*cells: str) -> str:
    widths = (14, 15, 5, 7, 6, 4, 14, 0)
    return "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip()
