"""`captionmill calibrate`: from media of known content to the calibrations of a profile.

What captioners said is read from the weak tables of a workspace's newest job: nothing is run again. What
is written was fitted with all media; every figure told is for media of origins that nothing was fitted
with (`pipelines.calibrate.fitting`). The truth of a file counts for each of its clips: files that
are no longer than a clip tell more.
"""

import json
import re
from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

from captioners.confidence import calibration
from captioners.confidence.calibration import FUSION, Calibration, Calibrations
from captioners.confidence.fit import Quality
from engine.run import settings
from manifests import tables
from manifests.atomic import make_folder, write_atomic
from manifests.commits import State
from manifests.errors import UserError
from manifests.evidence import Confidence, Kind, Tier, WeakCaption, weak_from_row
from manifests.ids import content_hash
from manifests.workspace import Workspace
from pipelines.calibrate.fitting import FOLDS, Fitter, HeldOutClaim, LabelledClip, kinds_of
from pipelines.calibrate.labelled import Labelled, read
from pipelines.calibrate.reliability import Judged, Point, bins, draw, quality, tier_shares
from pipelines.status import JobStatus, newest

_NAMED, _DIGITS = 3, 6
_CONTENT = "content_hash"
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")
_FUSED = {"audio": "heard, fused", "video": "seen, fused"}


class CalibrateError(UserError):
    """What keeps a list and a workspace from giving calibrations."""


@dataclass(frozen=True)
class Row:
    """A line of the table: kinds of a captioner that share a fit, or all captioners fused. before: of raw
    scores, or of the surest captioner's word. curve_before, curve: the bins of the reliability diagram,
    as `reliability.bins` gives them."""

    captioner: str
    kinds: tuple[Kind, ...]
    files: int
    origins: int
    claims: int
    true: int
    before: Quality
    after: Quality
    curve_before: tuple[Point, ...]
    curve: tuple[Point, ...]


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
            vars(row)
            | {"before": row.before.model_dump(), "after": row.after.model_dump()}
            | {"curve_before": _points(row.curve_before), "curve": _points(row.curve)}
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
            lines.append(f"{self.left_out} labelled files were filtered or quarantined")
        lines.append(f'written to {self.folder}; in a profile: calibration = "{self.folder}"')
        return "\n".join(lines)


def calibrate(labelled: Path, workspace: Workspace, state: State) -> Report:
    """Fits and tests the captioners of a workspace's newest job; writes `calibration/` into it.

    Raises ListError, CalibrateError, WorkspaceError.
    """
    job = newest(workspace, state)
    job_settings = settings.read(workspace, job.digest)["settings"]
    names: dict[str, str] = {
        name: job_settings["captioners"][name] for name in job_settings["order"]
    }
    rows = _by_content(labelled)
    captioned = _captioned(workspace, state, names, rows)
    left_out = _left_out(workspace, state, job, rows, captioned)
    unfitted = _unfitted(names)
    clips = [
        _labelled_clip(rows[captions[0].content_hash], captions, unfitted) for captions in captioned
    ]
    fitter = Fitter(unfitted, f"{labelled.name}, captioned by job {job.digest}")
    tested = list(fitter.test(clips))
    if not tested:
        raise CalibrateError(
            f"the captioners made no claim about the files of {labelled} that it can judge"
        )
    groups: dict[tuple[str, tuple[Kind, ...]], list[HeldOutClaim]] = defaultdict(list)
    order = list(names)
    for claim in sorted(tested, key=lambda claim: order.index(claim.captioner)):
        groups[claim.captioner, kinds_of(claim.claim)].append(claim)
    alone = {key: _judged(key[0], claims, fused=False) for key, claims in groups.items()}
    fused = [
        _judged(name, claims, fused=True)
        for side, name in _FUSED.items()
        if (claims := _once([claim for claim in tested if claim.claim.modality == side]))
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
    _write(report, fitter.fit(clips))
    panels = [
        _judged(name, [claim for claim in tested if claim.captioner == name], fused=False)
        for name in dict.fromkeys(name for name, _ in groups)
    ]
    draw(panels, fused, report.folder / "reliability.png", _title(labelled, clips))
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
                f"{labelled} labels {other.file} and {row.file} differently, but their bytes are the same"
            )
    return rows


def _captioned(
    workspace: Workspace, state: State, names: Mapping[str, str], contents: Container[str]
) -> list[tuple[WeakCaption, ...]]:
    """The weak captions, in the captioners' order, of each clip of these contents."""
    by_clip: dict[str, dict[str, WeakCaption]] = defaultdict(dict)
    for name, table in names.items():
        for row in tables.read_all(workspace.root, state.files(table)):
            if row["content_hash"] in contents:
                by_clip[row["clip_id"]][name] = weak_from_row(row)
    return [tuple(by[name] for name in names if name in by) for _, by in sorted(by_clip.items())]


def _left_out(
    workspace: Workspace,
    state: State,
    job: JobStatus,
    rows: Mapping[str, Labelled],
    captioned: Sequence[Sequence[WeakCaption]],
) -> int:
    """How many labelled files have no weak caption. Raises CalibrateError for files that were not
    captioned yet."""
    sources = state.files("sources", cut=job.cut)
    listed = {row["content_hash"] for row in tables.read_all(workspace.root, sources, [_CONTENT])}
    missing = [row.file for content, row in rows.items() if content not in listed]
    if missing:
        named = ", ".join(missing[:_NAMED]) + (", ..." if len(missing) > _NAMED else "")
        raise CalibrateError(
            f"{len(missing)} of {len(rows)} labelled files are not in {workspace.root} ({named}); "
            f"caption them first: captionmill caption FOLDER {workspace.root}"
        )
    silent = rows.keys() - {captions[0].content_hash for captions in captioned}
    if silent and job.books.pending:
        raise CalibrateError(
            f"{len(silent)} of {len(rows)} labelled files are not captioned yet: "
            "run the same captionmill caption again to finish"
        )
    return len(silent)


def _unfitted(names: Mapping[str, str]) -> dict[str, Calibration]:
    """What is not fitted of each captioner: facts, as the package has them."""
    own = calibration.load(names).by_captioner
    unfitted = {}
    for name, table in names.items():
        calibration_of = own.get(name, Calibration(captioner=name, source=""))
        facts = {kind: fit for kind, fit in calibration_of.kinds.items() if fit.method == "fact"}
        unfitted[name] = calibration_of.model_copy(update={"table": table, "kinds": facts})
    return unfitted


def _labelled_clip(
    row: Labelled, captions: tuple[WeakCaption, ...], unfitted: Mapping[str, Calibration]
) -> LabelledClip:
    """A clip with the truth of what was said of it; facts and bare measures are nobody's opinion."""
    content = captions[0].content_hash
    truths = {
        (at, number): true
        for at, weak in enumerate(captions)
        for number, claim in enumerate(weak.claims)
        if claim.text.strip() and claim.kind not in unfitted[weak.captioner].kinds
        if (true := row.truth(claim)) is not None
    }
    return LabelledClip(content, row.origin or content, captions, truths)


def _once(tested: Sequence[HeldOutClaim]) -> list[HeldOutClaim]:
    """Of several claims that say the same of a clip, and are as true, the first."""
    first: dict[tuple[int, frozenset[str], bool], HeldOutClaim] = {}
    for claim in tested:
        first.setdefault((id(claim.clip), claim.support.about, claim.true), claim)
    return list(first.values())


def _judged(name: str, tested: Sequence[HeldOutClaim], fused: bool) -> Judged:
    """The probabilities of claims: raw and calibrated, or those of the surest captioner and fused."""
    after = [claim.fused if fused else claim.own for claim in tested]
    before = [_number(claim.alone) if fused else claim.raw for claim in tested]
    return Judged(
        name,
        np.array(before),
        np.array([_number(confidence) for confidence in after]),
        np.array([claim.true for claim in tested]),
        np.array([claim.clip.origin for claim in tested]),
        len({claim.clip.file for claim in tested}),
        tuple(confidence.tier for confidence in after),
    )


def _number(sure: Confidence) -> float:
    """A probability to measure; a half where nothing is known, so that no claim drops out."""
    return 0.5 if sure.probability is None else sure.probability


def _points(curve: Sequence[Point]) -> list[dict[str, float]]:
    return [
        {"probability": round(mean, _DIGITS), "true": round(share, _DIGITS), "claims": claims}
        for mean, share, claims in curve
    ]


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
        tuple(bins(judged.before, judged.true)),
        tuple(bins(judged.after, judged.true)),
    )


def _write(report: Report, calibrations: Calibrations) -> None:
    """The calibrations with their figures, what captioners are worth together, and the report."""
    make_folder(report.folder)
    for name in _of_earlier_run(report.folder / "report.json"):
        (report.folder / f"{name}.json").unlink(missing_ok=True)
    for name in dict.fromkeys(row.captioner for row in report.rows if row.kinds):
        calibration = calibrations.by_captioner[name]
        kinds = dict(calibration.kinds)
        for row in report.rows:
            if row.captioner == name:
                figures = {"raw": row.before, "fitted": row.after}
                kinds |= {kind: kinds[kind].model_copy(update=figures) for kind in row.kinds}
        _save(report.folder / f"{name}.json", calibration.model_copy(update={"kinds": kinds}))
    _save(report.folder / f"{FUSION}.json", calibrations.fusion)
    text = json.dumps(report.to_json(), indent=1) + "\n"
    write_atomic(report.folder / "report.json", text.encode())


def _of_earlier_run(report: Path) -> list[str]:
    """Captioners whose calibrations an earlier run wrote, by its report: other files are not ours."""
    try:
        names = [row["captioner"] for row in json.loads(report.read_text(encoding="utf-8"))["rows"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [name for name in names if isinstance(name, str) and _NAME.fullmatch(name)]


def _save(path: Path, model: BaseModel) -> None:
    text = json.dumps(model.model_dump(mode="json", exclude_defaults=True), indent=1) + "\n"
    write_atomic(path, text.encode())


def _title(labelled: Path, clips: Sequence[LabelledClip]) -> str:
    files, origins = {clip.file for clip in clips}, {clip.origin for clip in clips}
    return (
        f"{labelled.name}: {len(files)} files of {len(origins)} origins; "
        "every claim judged by what other origins taught"
    )


def _line(*cells: str) -> str:
    widths = (14, 15, 5, 7, 6, 4, 14, 0)
    return "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip()
