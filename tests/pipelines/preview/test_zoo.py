"""Previews of the zoo of media show and sound like its clips."""

from pathlib import Path

import pytest

from engine.media.decode import DecodePlan
from engine.stages.actors import Decoder
from pipelines.preview import Previews
from tests.mediazoo import CASES, check
from tests.mediazoo.case import CAPTIONED, Case
from tests.mediazoo.kitchen import Kitchen
from tests.pipelines.preview.made import rows

pytestmark = pytest.mark.run

_QUICK = (
    *("f01-mpeg4-mp3.mp4", "f01-two-edits.mp4", "f02-short.ts", "f02-film-then-sound.ogg"),
    *("f03-jump.mkv", "f03-back.ts", "f04-phase.mov", "f05-second.webm", "f07-standing.mp4"),
)
# Black until its picture comes, where the case tells only of what the file shows.
_OTHERWISE = ("f01-late-picture.mp4",)
_PLAN = DecodePlan((check.HZ,), 6, 192)


def _cases() -> list[object]:
    """Those of which all that is told can be told of a preview, too."""
    cases = [case for case in CASES if case.outcome == CAPTIONED and case.clips and case.seconds]
    others = pytest.mark.exhaustive
    return [
        pytest.param(case, id=case.name, marks=() if case.name in _QUICK else others)
        for case in cases
        if not case.may_refuse and case.name not in _OTHERWISE
    ]


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory: pytest.TempPathFactory) -> Kitchen:
    return Kitchen(tmp_path_factory.mktemp("kitchen"))


@pytest.mark.parametrize("case", _cases())
def test_it_shows_and_sounds_the_same(
    case: Case, kitchen: Kitchen, tmp_path: Path, previews: Previews
) -> None:
    path = tmp_path / case.name
    path.write_bytes(case.make(kitchen))
    wrong = []
    for number, (clip, (_, preview)) in enumerate(
        zip(case.clips, previews.each(rows(path)), strict=True)
    ):
        shown = tmp_path / f"{number}.mp4"
        assert preview.media is not None, preview.why
        shown.write_bytes(preview.media)
        _, media = Decoder(_PLAN).decode(rows(shown)[0])
        assert media is not None
        wrong += check.faults(clip, media)
    assert not wrong
