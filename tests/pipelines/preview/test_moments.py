"""A beep and a flash are drawn and played where they are, to 40 ms."""

from io import BytesIO
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from pipelines.preview import Preview, Previews
from tests.pipelines.preview import made
from tests.pipelines.preview.chromium import heard, seen
from tests.pipelines.preview.made import MOMENTS

pytestmark = pytest.mark.run

GIVE_S = 0.04

_FILMS = {
    "variable rate": ("a.mp4", made.variable_rate),
    "edit list": ("cut.mp4", made.cut_by_edit_list),
    "late sound": ("late.mp4", made.late_sound),
}
_SOUNDS = {"vbr mp3": ("a.mp3", made.long_vbr_mp3)}


@pytest.fixture(scope="module", params=[*_FILMS, *_SOUNDS])
def clip(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    previews: Previews,
) -> Preview:
    name, make = {**_FILMS, **_SOUNDS}[request.param]
    rows = made.rows(make(tmp_path_factory.mktemp("made") / name))
    row = (
        rows[0] if request.param in _FILMS else next(r for r in rows if r["start_ms"] == 1_440_000)
    )
    return previews.of(row)


def _onsets(levels: npt.NDArray[Any], seconds: float) -> list[float]:
    """When a level (one for each equal part of the time) rises above half of its range, at least half a
    second after it did before."""
    loud = np.flatnonzero(levels > (levels.min() + levels.max()) / 2) * seconds / len(levels)
    return [float(at) for at in loud[np.diff(loud, prepend=-1.0) > 0.5]]


def _assert_at_moments(onsets: list[float]) -> None:
    assert len(onsets) == len(MOMENTS), onsets
    assert np.allclose(onsets, MOMENTS, atol=GIVE_S), onsets


def _image(content: bytes | None) -> npt.NDArray[np.uint8]:
    assert content is not None
    return np.asarray(Image.open(BytesIO(content)).convert("RGBA"))


def test_the_spectrogram_has_the_beeps_where_they_are(clip: Preview) -> None:
    light = _image(clip.spectrogram)[..., :3].astype(int).sum(axis=2)
    _assert_at_moments(_onsets(light.max(axis=0), clip.seconds))


def test_the_waveform_has_them_there_too(clip: Preview) -> None:
    drawn = (_image(clip.waveform)[..., 3] > 0).sum(axis=0)
    _assert_at_moments(_onsets(drawn, clip.seconds))


def test_the_preview_plays_them_there(clip: Preview) -> None:
    assert clip.media is not None
    with av.open(BytesIO(clip.media)) as container:
        frames = list(container.decode(audio=0))
        begins = float(frames[0].time)
        sound = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    onsets = _onsets(np.abs(sound), len(sound) / 32_000)
    _assert_at_moments([begins + onset for onset in onsets])


def test_the_preview_flashes_there(clip: Preview) -> None:
    assert clip.media is not None
    with av.open(BytesIO(clip.media)) as container:
        if not container.streams.video:
            assert clip.media_type == "audio/mp4"
            return
        frames = list(container.decode(video=0))
    lights = np.array([frame.to_ndarray(format="gray").mean() for frame in frames])
    times = [float(frame.time) for frame in frames]
    starts = [round(at * len(times) / clip.seconds) for at in _onsets(lights, clip.seconds)]
    _assert_at_moments([times[start] for start in starts])


def test_a_browser_plays_them_there(clip: Preview, page: Any) -> None:
    levels = np.array(heard(page, clip))
    _assert_at_moments(_onsets(levels, len(levels) * 0.004))


def test_a_browser_shows_the_flashes_there(clip: Preview, page: Any) -> None:
    if clip.media_type != "video/mp4":
        return
    moments = [at + give for at in MOMENTS for give in (-GIVE_S, GIVE_S)]
    dark_and_light = [value > 128 for value in seen(page, clip, moments)]
    assert dark_and_light == [False, True] * len(MOMENTS)
