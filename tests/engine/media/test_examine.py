"""Sources examined in real processes: what becomes of those that break their process."""

import os
import wave
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest

from engine.media.decode import DecodePlan
from engine.media.examine import examine, examine_one
from engine.media.ffmpeg import run
from engine.profile.profile import Cutting
from engine.stages.actors import Decoder
from manifests.ids import content_hash
from manifests.sources.examined import Examined, clip_rows, source_row
from tests import badmedia

pytestmark = pytest.mark.run


def _wav(path: Path, seconds: int) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 1, 8000, 0, "NONE", ""))
        file.writeframes(bytes(8000 * seconds))
    return path


def _examined(*paths: Path) -> list[Examined]:
    return list(examine(map(bytes, paths), Cutting()))


def test_a_source_is_examined_as_in_this_process(tmp_path: Path) -> None:
    path = _wav(tmp_path / "a.wav", 95)
    (examined,) = _examined(path)
    assert examined == examine_one(bytes(path), Cutting())
    assert (examined.content_hash, examined.fault) == (content_hash(bytes(path)), None)
    spans = tuple((span.start_ms, span.end_ms) for span in examined.spans)
    assert spans == ((0, 30_000), (30_000, 60_000), (60_000, 90_000), (90_000, 95_000))


def test_sources_come_in_the_order_of_their_paths(tmp_path: Path) -> None:
    paths = [_wav(tmp_path / f"{seconds}.wav", seconds) for seconds in (40, 1, 30, 2, 20)]
    assert [source.path for source in _examined(*paths)] == [bytes(path) for path in paths]


def test_a_file_that_is_gone_is_unreadable(tmp_path: Path) -> None:
    (examined,) = _examined(tmp_path / "gone.wav")
    assert (examined.fault, examined.content_hash) == ("unreadable", None)


@pytest.mark.parametrize("bomb", [badmedia.index_bomb, badmedia.text_bomb])
def test_a_source_that_takes_too_much_memory_is_given_up(
    bomb: Callable[[], bytes], tmp_path: Path
) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(bomb())
    before, after = _wav(tmp_path / "a.wav", 1), _wav(tmp_path / "b.wav", 2)
    examined = _examined(before, path, after)
    assert [source.fault for source in examined] == [None, "memory", None]
    assert examined[1].fault_message == "examining the file took over 1024 MiB of memory"


def test_a_source_whose_process_somebody_kills_is_no_memory_fault(tmp_path: Path) -> None:
    waiting = tmp_path / "waiting.wav"
    os.mkfifo(waiting)
    with ThreadPoolExecutor(1) as pool:
        examined = pool.submit(_examined, waiting)
        with waiting.open("wb"):  # returns when the process has opened it to read
            (reader,) = (p for p in psutil.Process().children() if _has_open(p, waiting))
            reader.kill()
            (source,) = examined.result()
    assert source.fault == "decoder_crash"


def _has_open(process: psutil.Process, path: Path) -> bool:
    return any(os.path.samefile(link, path) for link in Path(f"/proc/{process.pid}/fd").iterdir())


def test_the_profile_says_which_track_of_sound_the_clips_have(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    tones = [part for hertz in (400, 500) for part in ("-f", "lavfi", "-i", f"sine={hertz}:d=2")]
    tags = ["-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=fre"]
    run([*tones, "-map", "0", "-map", "1", *tags, str(path)])
    for wish, track, language in ((None, 0, "en"), ("fra", 1, "fr"), (1, 1, "fr"), ("it", 0, "en")):
        examined = examine_one(bytes(path), Cutting(audio_track=wish))
        row = source_row(examined, 1, duplicate=False)
        told = (row["audio_tracks"], row["audio_track"], row["audio_language"])
        assert told == (2, track, language)
        (clip,) = clip_rows(examined)
        _, decoded = Decoder(DecodePlan((16_000,), 0, 0)).decode(clip)
        assert decoded is not None
        spectrum = np.abs(np.fft.rfft(decoded.audio[16_000]))
        assert abs(np.argmax(spectrum) / 2 - (400, 500)[track]) < 3


@pytest.mark.parametrize("kind", ["mp4", "mkv", "ts"])
@pytest.mark.parametrize("late", [0, 41])
def test_clips_of_a_film_have_sound_only_where_there_is_some(
    tmp_path: Path, kind: str, late: int
) -> None:
    path = tmp_path / f"a.{kind}"
    picture = ["-f", "lavfi", "-i", "color=red:s=64x48:r=5:d=60"]
    sound = ["-itsoffset", str(late), "-f", "lavfi", "-i", "sine=400:d=15"]
    codecs = ["-c:v", "mpeg4", "-g", "5", "-c:a", "aac"]
    run([*picture, *sound, *codecs, str(path)])
    clips = list(clip_rows(examine_one(bytes(path), Cutting(max_seconds=10))))
    heard = [clip["has_audio"] for clip in clips]
    assert heard == [int(late / 10) <= n < (late + 15) / 10 for n in range(6)]
    assert {clip["audio_reason"] for clip in clips if not clip["has_audio"]} == {"no sound here"}
    assert all(clip["has_video"] for clip in clips)
