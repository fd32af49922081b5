"""The zoo of media (`tests.mediazoo`) through the whole command: what each file must become, and what
its clips show and sound like.

One run of the product lists and captions the folder; each clip is then decoded as its row says. The cases
were written from the specification of the kinds, without looking at the decoder.
"""

import json
import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engine.media.decode import DecodePlan
from engine.stages.actors import Decoder
from manifests import tables
from manifests.commits import State, load
from manifests.ids import path_of
from manifests.workspace import Workspace
from tests import mediazoo
from tests.conftest import books_of, problems_of, quick_profile, run
from tests.mediazoo import check
from tests.mediazoo.case import CAPTIONED, FILTERED, SKIPPED, Case

pytestmark = pytest.mark.run

_MEASURES = """
[[captioners]]
name = "audio-measures"
use = "captioners.measures:AudioMeasures"
"""
_SILENT = """
[[filters]]
name = "silent"
when = [
    { of = "audio-measures", label = "silence", above = 0.98 },
    { of = "clip", label = "video", below = 0.5 },
]
"""
_FRAMES, _PX = 6, 192

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Worked:
    """What a run made of the zoo: its workspace and JSON, and rows by file name. outcomes: of clips, by
    id."""

    out: Path
    told: dict[str, Any]
    sources: dict[str, Row]
    clips: dict[str, list[Row]]
    outcomes: dict[str, str]


@pytest.fixture(scope="module")
def worked(cluster: str, tmp_path_factory: pytest.TempPathFactory) -> Worked:
    root = tmp_path_factory.mktemp("zoo")
    mediazoo.make(root / "media", root / "scratch")
    profile = root / "quick.toml"
    profile.write_text(quick_profile(filters=_SILENT) + _MEASURES)
    arguments = ("caption", root / "media", root / "out", "--profile", profile, "--json")
    done = run(*arguments, RAY_ADDRESS=cluster)
    assert done.returncode == 0, done.stderr
    state = load(Workspace.open(root / "out"))
    return Worked(
        root / "out",
        json.loads(done.stdout),
        {_name(row): row for row in _rows(root / "out", state, "sources")},
        _clips(_rows(root / "out", state, "clips")),
        _outcomes(root / "out", state),
    )


def _rows(out: Path, state: State, table: str) -> list[Row]:
    return list(tables.read_all(Workspace.open(out).root, state.files(table)))


def _name(row: Row) -> str:
    return os.path.basename(os.fsdecode(path_of(row["uri"])))


def _clips(rows: list[Row]) -> dict[str, list[Row]]:
    clips: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row["start_ms"]):
        clips[_name(row)].append(row)
    return clips


def _outcomes(out: Path, state: State) -> dict[str, str]:
    outcomes = {row["clip_id"]: CAPTIONED for row in _rows(out, state, "captions")}
    outcomes |= {row["clip_id"]: FILTERED for row in _rows(out, state, "filtered")}
    return outcomes | {row["clip_id"]: row["reason"] for row in _rows(out, state, "quarantine")}


def _of(outcome: str | None = None) -> list[Any]:
    """Cases as parameters, those of one outcome."""
    cases = [case for case in mediazoo.CASES if outcome in (None, case.outcome)]
    return [pytest.param(case, id=case.name) for case in cases]


def test_the_zoo_has_three_members_of_each_kind_under_names_of_their_own() -> None:
    kinds: dict[str, int] = defaultdict(int)
    for case in mediazoo.CASES:
        kinds[case.kind] += 1
    assert min(kinds.values()) >= 3
    assert {kind[:3].rstrip("abcde") for kind in kinds if kind != "control"} == {
        f"F{number}" for number in range(1, 11)
    }
    assert len({case.name for case in mediazoo.CASES}) == len(mediazoo.CASES) >= 60


@pytest.mark.parametrize("case", _of())
def test_a_file_has_the_outcome_it_deserves(case: Case, worked: Worked) -> None:
    if case.outcome == SKIPPED:
        assert case.name not in worked.sources
        return
    assert case.name in worked.sources, "skipped"
    source, clips = worked.sources[case.name], worked.clips[case.name]
    outcomes = [worked.outcomes[clip["clip_id"]] for clip in clips]
    if case.may_refuse and not {CAPTIONED, FILTERED} & set(outcomes):
        return
    assert set(outcomes) == {case.outcome}, [clip["fault_message"] for clip in clips]
    if case.outcome not in (CAPTIONED, FILTERED):
        return
    assert len(clips) == max(len(case.clips), 1)
    assert source["duration_ms"] / 1000 == pytest.approx(case.seconds, abs=case.give)
    if case.size:
        assert (source["width"], source["height"]) == case.size


@pytest.mark.parametrize("case", _of(CAPTIONED))
def test_its_clips_show_and_sound_as_a_player_does(case: Case, worked: Worked) -> None:
    clips = worked.clips[case.name]
    if case.may_refuse and all(clip["fault"] for clip in clips):
        return
    decoder = Decoder(DecodePlan((check.HZ,), _FRAMES, _PX))
    wrong = []
    for number, clip in enumerate(clips):
        decoding, media = decoder.decode(clip)
        if media is None:
            wrong.append(f"clip {number}: {decoding.fault}")
        elif number < len(case.clips):
            wrong += [
                f"clip {number}: {fault}" for fault in check.faults(case.clips[number], media)
            ]
    assert (wrong, len(clips)) == ([], len(case.clips))


@pytest.mark.parametrize("case", _of(CAPTIONED))
def test_its_sound_is_as_long_as_its_clips(case: Case, worked: Worked) -> None:
    decoder = Decoder(DecodePlan((check.HZ,), 0, 0))
    for clip in worked.clips[case.name]:
        _, media = decoder.decode(clip)
        if media is not None and check.HZ in media.audio:
            seconds = media.audio[check.HZ].size / check.HZ
            assert seconds == pytest.approx((clip["end_ms"] - clip["start_ms"]) / 1000, abs=0.25)


def test_content_has_no_holes(worked: Worked) -> None:
    for name, clips in worked.clips.items():
        ends = [0, *(clip["end_ms"] for clip in clips)]
        assert [clip["start_ms"] for clip in clips] == ends[:-1], name


def test_the_books_close(worked: Worked) -> None:
    (books,) = books_of(worked.out)
    done = books["captioned"] + books["filtered"] + books["quarantined"]
    assert books["close"] and done == sum(map(len, worked.clips.values()))


def test_the_workspace_verifies(worked: Worked) -> None:
    assert problems_of(worked.out) == []


def test_skipped_files_are_counted(worked: Worked) -> None:
    skipped = sum(case.outcome == SKIPPED for case in mediazoo.CASES)
    assert skipped == len(mediazoo.CASES) - len(worked.sources)
