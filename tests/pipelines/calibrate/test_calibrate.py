"""`captionmill calibrate` over a captioned workspace, and a profile that uses what it wrote."""

import csv
import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from captioners.confidence.calibration import Calibration, load
from captioners.confidence.fusion import Fusion
from manifests import commits, tables
from manifests.evidence import (
    Claim,
    Confidence,
    Support,
    WeakCaption,
    evidence_from_row,
    evidence_to_rows,
)
from manifests.workspace import Workspace
from pipelines.calibrate.calibrate import CalibrateError, _judged, calibrate
from pipelines.calibrate.fitting import HeldOutClaim, LabelledClip
from pipelines.verify import verify_workspace
from tests.conftest import here, quick_profile, run
from tests.manifests.made import Made, sealed

pytestmark = pytest.mark.run

_MOST_TRUE = 0.7


@pytest.fixture(scope="module")
def captioned(reference: Path, clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace of the stand-ins, beside a list of what is true: the surer of their claims."""
    folder = tmp_path_factory.mktemp("calibrate")
    shutil.copytree(reference / "out", folder / "out")
    rows = []
    for row in _captions(folder / "out"):
        claims = [claim for weak in row["evidence"] for claim in weak["claims"]]
        true = [c["text"] for c in claims if c["score"] > _MOST_TRUE]
        path = clips / Path(row["uri"]).name
        rows.append({"file": str(path), "true": true, "origin": path.stem[-1]})
    (folder / "labelled.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.fixture(scope="module")
def calibrated(captioned: Path) -> subprocess.CompletedProcess[str]:
    """The command's own run over it."""
    return run("calibrate", captioned / "labelled.jsonl", captioned / "out")


def _captions(workspace: Path) -> list[dict[str, Any]]:
    """Caption rows of the newest job."""
    place = Workspace.open(workspace)
    state = commits.load(place)
    files = state.files(job=state.jobs()[-1])
    return list(tables.read_all(place.root, [f for f in files if f.table == "captions"]))


def _list(folder: Path, rows: list[dict[str, Any]]) -> Path:
    path = folder / "other.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def _rows(captioned: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (captioned / "labelled.jsonl").read_text().splitlines()]


def test_it_writes_a_fit_for_each_captioner_a_report_and_a_picture(
    captioned: Path, calibrated: subprocess.CompletedProcess[str]
) -> None:
    assert calibrated.returncode == 0, calibrated.stderr
    folder = captioned / "out" / "calibration"
    assert {p.name for p in folder.iterdir()} == {
        "dummy-audio.json",
        "dummy-video.json",
        "fusion.json",
        "report.json",
        "reliability.png",
    }
    assert (folder / "reliability.png").read_bytes().startswith(b"\x89PNG")
    for name in ("dummy-audio", "dummy-video"):
        known = Calibration.model_validate_json((folder / f"{name}.json").read_text())
        assert known.table.startswith(f"weak/{name}-")
        assert known.kinds
        for fit in known.kinds.values():
            assert fit.method == "platt-map" and fit.raw and fit.fitted and fit.n <= 20
    fusion = Fusion.model_validate_json((folder / "fusion.json").read_text())
    assert fusion.audio.n <= 20 and fusion.audio.origins <= 10


def test_the_table_says_what_the_report_says(
    captioned: Path, calibrated: subprocess.CompletedProcess[str]
) -> None:
    report = json.loads((captioned / "out" / "calibration" / "report.json").read_text())
    lines = calibrated.stdout.splitlines()
    assert lines[0].split()[:6] == ["captioner", "kind", "files", "origins", "claims", "true"]
    for row, line in zip(report["rows"], lines[1:], strict=False):
        assert line.startswith(row["captioner"])
        assert f"{row['before']['brier']:.3f} -> {row['after']['brier']:.3f}" in line
        assert f"{row['before']['ece']:.3f} -> {row['after']['ece']:.3f}" in line
        for curve in (row["curve_before"], row["curve"]):
            assert sum(point["claims"] for point in curve) == row["claims"]
            error = sum(p["claims"] * abs(p["probability"] - p["true"]) for p in curve)
            quality = row["after" if curve is row["curve"] else "before"]
            assert error / row["claims"] == pytest.approx(quality["ece"], abs=1e-4)
    fused = [row for row in report["rows"] if not row["kinds"]]
    assert [row["captioner"] for row in fused] == ["heard, fused", "seen, fused"]
    assert sum(t["claims"] for t in report["tiers"].values()) == sum(r["claims"] for r in fused)


def test_a_profile_uses_it_and_recomputes_captions_alone(
    captioned: Path,
    clips: Path,
    calibrated: subprocess.CompletedProcess[str],
    tmp_path: Path,
    cluster: str,
) -> None:
    out = Path(shutil.copytree(captioned / "out", tmp_path / "out"))
    weak = sorted(p.name for p in (out / "weak").rglob("*.parquet"))
    line = f'calibration = "{out / "calibration"}"\n[[captioners]]'
    profile = tmp_path / "mine.toml"
    profile.write_text(quick_profile().replace("[[captioners]]", line, 1))
    done = run("caption", clips, out, "--profile", profile, RAY_ADDRESS=cluster)
    assert done.returncode == 0, done.stderr
    assert sorted(p.name for p in (out / "weak").rglob("*.parquet")) == weak
    claims = [c for row in _captions(out) for w in row["evidence"] for c in w["claims"]]
    assert {c["confidence"]["by"] for c in claims} == {
        "platt-map dummy-audio",
        "platt-map dummy-video",
    }
    assert {c["fused"]["by"].split()[0] for c in claims} <= {"stack", "platt-map"}
    place = Workspace.open(out)
    report = verify_workspace(place, commits.load(place))
    assert (report.problems, report.notes) == ([], [])
    assert report.captions == 40


def test_verify_judges_again(captioned: Path, tmp_path: Path) -> None:
    """A confidence that was changed with every digest made right again."""
    made = Made(Workspace.open(Path(shutil.copytree(captioned / "out", tmp_path / "out"))))
    changed = []

    def change(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        evidence = evidence_from_row(rows[1])
        weak = evidence.captions[0]
        sure = weak.claims[0].fused
        assert sure is not None
        first = replace(weak.claims[0], fused=replace(sure, probability=sure.probability / 2))
        weak = replace(weak, claims=(first, *weak.claims[1:]))
        evidence = replace(evidence, captions=(weak, *evidence.captions[1:]))
        changed.append(rows[1]["clip_id"])
        rows[1] |= {"evidence": evidence_to_rows(evidence), "evidence_digest": evidence.digest()}
        rows[1] = sealed(rows[1])
        return rows

    made.edit("captions", change)
    found = verify_workspace(made.workspace, made.state).problems
    assert {(p.clip_id, p.message) for p in found} == {
        (changed[0], "the confidences are not those that the calibrations give"),
        (changed[0], "the claims are not those that the captions make of this evidence"),
    }


def test_other_calibrations_are_told_not_blamed(captioned: Path, tmp_path: Path) -> None:
    place = Workspace.open(Path(shutil.copytree(captioned / "out", tmp_path / "out")))
    (config,) = (place.root / "configs").glob("*.json")
    kept = json.loads(config.read_text())
    kept["settings"]["calibrations"] = "those of last year"
    config.write_text(json.dumps(kept))
    report = verify_workspace(place, commits.load(place))
    assert report.problems == []
    assert len(report.notes) == 1 and "other calibrations" in report.notes[0]


def test_confidences_fused_with_another_word_table_are_not_blamed(
    captioned: Path, tmp_path: Path
) -> None:
    place = Workspace.open(Path(shutil.copytree(captioned / "out", tmp_path / "out")))
    (config,) = (place.root / "configs").glob("*.json")
    kept = json.loads(config.read_text())
    kept["settings"]["writer"]["guards"] = [0, "those of last year"]
    config.write_text(json.dumps(kept))
    report = verify_workspace(place, commits.load(place))
    assert report.problems == []
    assert any("another word table" in note for note in report.notes)


def test_a_list_as_csv_gives_the_same_and_json_is_the_report(
    captioned: Path, calibrated: subprocess.CompletedProcess[str], tmp_path: Path
) -> None:
    report = json.loads((captioned / "out" / "calibration" / "report.json").read_text())
    with (tmp_path / "labelled.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["file", "true", "origin"])
        writer.writeheader()
        for row in _rows(captioned):
            writer.writerow(row | {"true": "; ".join(row["true"])})
    again = here("calibrate", tmp_path / "labelled.csv", captioned / "out", "--json")
    assert json.loads(again.stdout) == report


def test_without_labels_of_falsehood_nothing_can_be_judged(captioned: Path, tmp_path: Path) -> None:
    rows = [row | {"true": [], "complete": False} for row in _rows(captioned)]
    place = Workspace.open(captioned / "out")
    with pytest.raises(CalibrateError, match="no claim about the files"):
        calibrate(_list(tmp_path, rows), place, commits.load(place))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda rows, f: [*rows, {"file": str(f), "true": []}],
            "1 of 21 labelled files are not in",
        ),
        (lambda rows, f: [{"file": "none.mp4", "true": []}], "there is no file"),
        (
            lambda rows, f: [*rows, rows[0] | {"true": ["Cat"]}],
            "differently, but their bytes are the same",
        ),
    ],
)
def test_what_can_not_be_joined_is_told(
    captioned: Path, tmp_path: Path, change: Callable[..., list[dict[str, Any]]], told: str
) -> None:
    other = tmp_path / "other.mp4"
    other.write_bytes(b"not captioned")
    labelled = _list(tmp_path, change(_rows(captioned), other))
    done = here("calibrate", labelled, captioned / "out")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert told in done.stderr


def test_calibrations_that_a_run_left_out_do_not_stay(captioned: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(captioned / "out", tmp_path / "out"))
    (out / "calibration").mkdir(exist_ok=True)
    (out / "calibration" / "whisper.json").write_text("{}")
    (out / "calibration" / "notes.json").write_text("{}")
    (out / "calibration" / "report.json").write_text('{"rows": [{"captioner": "whisper"}]}')
    place = Workspace.open(out)
    calibrate(captioned / "labelled.jsonl", place, commits.load(place))
    assert load(["whisper"], out / "calibration") == replace(
        load(["whisper"]), fusion=load([], out / "calibration").fusion
    )
    assert (out / "calibration" / "notes.json").exists()


def test_a_claim_of_which_other_origins_taught_nothing_is_measured_at_a_half() -> None:
    """Left out, it would make the figures better than they are."""
    claim = Claim("Dog", "a dog barks", "sound", "audio", 0.9)
    clip = LabelledClip("f", "o", (WeakCaption("c", "f", "ears", "", (claim,)),), {(0, 0): True})
    unknown, support = Confidence(None, "low", "prior"), Support((0, 0), frozenset(), ((0, 0),))
    tested = [HeldOutClaim(clip, support, claim, unknown, unknown, unknown)]
    alone, fused = (_judged("ears", tested, fused=fused) for fused in (False, True))
    assert (alone.before.tolist(), alone.after.tolist()) == ([0.9], [0.5])
    assert (fused.before.tolist(), fused.after.tolist()) == ([0.5], [0.5])
