"""What a preview shows of a clip: its own span, tracks and recording; or why it shows nothing."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from manifests.ids import path_of, uri_of
from pipelines.preview import Preview, Previews, clip
from tests.badmedia import index_bomb
from tests.mediazoo.case import COLOURS
from tests.mediazoo.kitchen import AAC, X264, Kitchen, picture, silence, tone
from tests.pipelines.preview.made import rows

pytestmark = pytest.mark.run


def _colours(preview: Preview) -> list[str]:
    """The colours that it shows, one after the other."""
    assert preview.media is not None, preview.why
    with av.open(BytesIO(preview.media)) as container:
        frames = [f.to_ndarray(format="rgb24").mean(axis=(0, 1)) for f in container.decode(video=0)]
    shown: list[str] = []
    for mean in frames:
        name = min(COLOURS, key=lambda n: float(np.abs(mean - COLOURS[n]).sum()))
        if shown[-1:] != [name]:
            shown.append(name)
    return shown


def _sound(preview: Preview) -> Any:
    assert preview.media is not None, preview.why
    with av.open(BytesIO(preview.media)) as container:
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


def _hertz(preview: Preview) -> int:
    """The loudest pitch, to 25 Hz."""
    sound = _sound(preview)
    return round(float(np.argmax(np.abs(np.fft.rfft(sound))) * 32_000 / len(sound)) / 25) * 25


def _at(row: dict[str, Any], path: Path) -> dict[str, Any]:
    """A clip's row, as if the clip lay in another file."""
    status = path.stat()
    place = {"uri": uri_of(bytes(path)), "size": status.st_size, "mtime_ns": status.st_mtime_ns}
    return {**row, **place, "first_byte": 0, "end_byte": status.st_size}


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory: pytest.TempPathFactory) -> Kitchen:
    return Kitchen(tmp_path_factory.mktemp("kitchen"))


@pytest.fixture(scope="module")
def red(kitchen: Kitchen) -> Path:
    return kitchen.film("red", 300, "mp4")


def test_each_recording_of_a_file_has_its_own(kitchen: Kitchen, previews: Previews) -> None:
    films = [kitchen.film(*of, "ts", *X264, *AAC) for of in (("red", 300), ("blue", 900))]
    both = kitchen.scratch / "both.ts"
    both.write_bytes(b"".join(film.read_bytes() for film in films))
    made = [preview for _, preview in previews.each(rows(both))]
    assert [_colours(preview) for preview in made] == [["red"], ["blue"]]
    assert [_hertz(preview) for preview in made] == [300, 900]


def test_it_has_the_span_of_its_clip(kitchen: Kitchen, previews: Previews) -> None:
    joint = "[0:v][1:a][2:v][3:a]concat=n=2:v=1:a=1"
    inputs = [*picture("red"), *tone(300), *picture("blue"), *tone(900)]
    path = kitchen.ffmpeg("joined.mkv", *inputs, "-filter_complex", joint, *X264, "-c:a", "flac")
    made = {row["start_ms"]: preview for row, preview in previews.each(rows(path, 2))}
    assert {start: _colours(preview) for start, preview in made.items()} == {
        0: ["red"],
        2000: ["blue"],
    }
    assert [_hertz(preview) for preview in made.values()] == [300, 900]


def test_it_has_the_tracks_that_were_chosen(kitchen: Kitchen, previews: Previews) -> None:
    inputs = [*picture("red"), *silence(), *tone(700)]
    maps = ["-map", "0", "-map", "1", "-map", "2"]
    path = kitchen.ffmpeg("tracks.mkv", *inputs, *maps, *X264, "-c:a", "flac")
    [row] = rows(path)
    assert row["audio_track"] == 1
    assert _hertz(previews.of(row)) == 700


def test_channels_that_cancel_are_heard(kitchen: Kitchen, previews: Previews) -> None:
    path = kitchen.ffmpeg("phase.wav", *tone(400), "-af", "pan=stereo|c0=c0|c1=-1*c0")
    assert np.abs(_sound(previews.of(rows(path)[0]))).max() > 0.1


def test_a_turned_film_is_upright(kitchen: Kitchen, red: Path, previews: Previews) -> None:
    turn = ("-display_rotation", "90")
    [row] = rows(kitchen.copied("turned.mp4", red, before=turn))
    with av.open(BytesIO(previews.of(row).media or b"")) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (96, 128)


def test_it_is_black_before_there_is_a_picture(kitchen: Kitchen, previews: Previews) -> None:
    inputs = [*tone(300, 3), "-itsoffset", "1", *picture("red", 2)]
    [row] = rows(kitchen.ffmpeg("late.mp4", *inputs, *X264, *AAC))
    preview = previews.of(row)
    assert _colours(preview) == ["black", "red"]
    tiles = np.asarray(Image.open(BytesIO(preview.strip or b"")))
    assert [tuple(tiles[32, x] > 128) for x in (4, -4)] == [(False,) * 3, (True, False, False)]


def test_a_still_is_a_jpeg(kitchen: Kitchen, previews: Previews) -> None:
    [row] = rows(kitchen.ffmpeg("still.png", *picture("lime", 1, 1)))
    preview = previews.of(row)
    assert (preview.media_type, preview.seconds, preview.why) == ("image/jpeg", 0.0, None)
    image = Image.open(BytesIO(preview.media or b""))
    assert (image.format, image.size) == ("JPEG", (128, 96))


def test_a_long_clip_says_what_is_left_out(kitchen: Kitchen, previews: Previews) -> None:
    path = kitchen.ffmpeg("long.wav", *tone(300, 130, 8000))
    preview = previews.of(rows(path, 200)[0])
    assert (preview.seconds, preview.why) == (120.0, "the first 120 s of 130 s are shown")


@pytest.mark.parametrize("ms", [1, 15, 41])
def test_a_moment_is_shown_too(red: Path, previews: Previews, ms: int) -> None:
    [row] = rows(red)
    preview = previews.of({**row, "end_ms": ms})
    assert (_colours(preview), preview.seconds, preview.why) == (["red"], ms / 1000, None)
    assert preview.strip and preview.waveform and preview.spectrogram
    sizes = preview.media, preview.strip, preview.waveform, preview.spectrogram
    assert preview.nbytes == sum(len(size or b"") for size in sizes)


def test_a_picture_of_extreme_shape_is_shown(kitchen: Kitchen, previews: Previews) -> None:
    for size in ("1920x2", "2x1080"):
        film = [*picture("red", 1, 5, size), "-c:v", "png"]
        preview = previews.of(rows(kitchen.ffmpeg(f"{size}.mkv", *film))[0])
        assert (_colours(preview), preview.why) == (["red"], None)


def test_the_same_clip_gives_the_same_bytes(red: Path, previews: Previews) -> None:
    [row] = rows(red)
    assert previews.of(row) == previews.of(row)


def test_a_side_that_fails_is_told_and_the_other_shown(
    kitchen: Kitchen, red: Path, previews: Previews
) -> None:
    [row] = rows(kitchen.film("", 500, "flac", "-c:a", "flac"))
    preview = previews.of({**row, "has_video": True, "video_reason": None})
    assert (preview.media_type, _hertz(preview)) == ("audio/mp4", 500)
    assert preview.why == "no picture: no video stream"
    [row] = rows(red)
    preview = previews.of({**row, "has_audio": False, "audio_reason": "no decoder for it"})
    assert (preview.media_type, preview.why) == ("video/mp4", "no sound: no decoder for it")


def test_a_clip_that_is_not_there_says_why(tmp_path: Path, red: Path, previews: Previews) -> None:
    [row] = rows(red)
    for name, content in (("none", None), ("empty", b""), ("changed", b"RIFF")):
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        given = _at(row, path) if name == "empty" else {**row, "uri": uri_of(bytes(path))}
        preview = previews.of(given)
        assert preview.media is None
        assert (preview.why or "").split(":")[0] in ("missing", "empty_file", "source_changed")
    faulty = {**row, "fault": "encrypted", "fault_message": "it is encrypted"}
    assert previews.of(faulty) == Preview(why="encrypted: it is encrypted")


def test_a_row_that_is_no_clip_harms_no_other(red: Path, previews: Previews) -> None:
    [row] = rows(red)
    bare = {"clip_id": row["clip_id"], "uri": row["uri"]}
    elsewhere = {**row, "uri": "https://example.org/a.mp4"}
    made = [preview for _, preview in previews.each([bare, elsewhere, row])]
    assert [preview.media is None for preview in made] == [True, True, False]
    assert all(preview.why for preview in made[:2])


def test_media_that_eat_memory_harm_no_other(tmp_path: Path, red: Path, previews: Previews) -> None:
    (tmp_path / "bomb.mp4").write_bytes(index_bomb())
    [row] = rows(red)
    given: Sequence[dict[str, Any]] = [row, _at(row, tmp_path / "bomb.mp4"), row]
    made = [preview for _, preview in previews.each(given)]
    assert made[0] == made[2]
    assert made[0].media is not None
    assert made[1] == Preview(why="memory: making a preview took over 1024 MiB of memory")


def test_what_takes_too_long_harms_no_other(
    red: Path, previews: Previews, monkeypatch: pytest.MonkeyPatch
) -> None:
    [row] = rows(red)
    with monkeypatch.context() as patched:
        patched.setattr("pipelines.preview.previews._seconds", lambda given: 0.01)
        assert previews.of(row) == Preview(why="timeout: making a preview took too long")
    assert previews.of(row).media is not None


def test_a_source_may_lie_elsewhere(tmp_path: Path, red: Path) -> None:
    [row] = rows(red)
    moved = tmp_path / "moved.mp4"
    moved.hardlink_to(red)
    assert _colours(clip({**row, "uri": "file:///nowhere"}, bytes(moved))) == ["red"]
    assert path_of(row["uri"]) == bytes(red)


def test_nothing_is_left_behind(red: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    clip(rows(red)[0])
    assert not list(tmp_path.iterdir())
