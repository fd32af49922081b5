"""Previews of clips, made in processes of their own: what breaks one harms that clip only."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from types import TracebackType
from typing import TypeVar

from engine.media.ffmpeg import FfmpegError
from engine.media.open import MediaError
from engine.media.pool import Died, GuardedPool, reading_s
from manifests.media import Audio
from manifests.sources.segments import NO_PICTURE, NO_SOUND
from pipelines.preview import media, pictures
from pipelines.preview.listing import listed
from pipelines.preview.source import LONGEST_MS, Row, Span

Answer = TypeVar("Answer")

_STILL_PX = 480
# Why a side is missing that the clip does not have.
_ABSENT = (None, "no audio stream", "no video stream", "only cover art", NO_SOUND, NO_PICTURE)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a browser can show of a clip.

    media: MP4 or JPEG of `media_type`. why: what can't be shown and why, None where all is. strip,
    waveform, spectrogram: WebP, PNG, WebP, each as wide as `seconds` are long; None where the clip has
    no picture or no sound. seconds: how long the media are, 0 for a still.
    """

    media: bytes | None = None
    media_type: str = ""
    why: str | None = None
    strip: bytes | None = None
    waveform: bytes | None = None
    spectrogram: bytes | None = None
    seconds: float = 0.0

    @property
    def nbytes(self) -> int:
        """Bytes of all that it holds; a third more where a page holds them as text (base64)."""
        parts = (self.media, self.strip, self.waveform, self.spectrogram)
        return sum(len(part) for part in parts if part is not None)


class Previews:
    """Makes previews of a quality in `workers` processes. To be used as a context manager, from any
    thread.

    In a script it belongs below `if __name__ == "__main__":`, as its processes read the script.
    """

    def __init__(self, workers: int = 1, quality: media.Quality = media.IN_PAGE) -> None:
        self._workers, self._quality = workers, quality
        self._folder = TemporaryDirectory(prefix="captionmill-preview-", ignore_cleanup_errors=True)
        self._pool = GuardedPool(workers, "making a preview")

    def __enter__(self) -> "Previews":
        self._pool.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.__exit__(kind, error, trace)
        self._folder.cleanup()

    def stop(self) -> None:
        """Ends what is being made, and refuses what is asked for later, from any thread: who waits gets
        UserError."""
        self._pool.stop()

    def each(self, rows: Iterable[Row]) -> Iterator[tuple[Row, Preview]]:
        """The previews of rows of the clips table or of a release's data, in their order, made ahead of
        who asks for them. Of a release they show the source only if it has the hash of the row.

        Raises UserError when something else on the machine ends all processes.
        """
        making = partial(_made, scratch=self._folder.name, quality=self._quality)
        spans = ((row, None) for row in rows)
        for (row, _), made in self._pool.each(making, spans, _seconds, 2 * self._workers):
            yield row, _told(made)

    def call(self, function: Callable[[Row], Answer], row: Row) -> Answer | Died:
        """What a function of a module says of a clip, in one of the processes, which it may crash. Raises
        what the function raises."""
        [(_, answer)] = self._pool.each(function, [row], lambda row: _seconds((row, None)), 1)
        return answer

    def of(self, row: Row, path: bytes | None = None) -> Preview:
        """The preview of one clip. path: where its source lies, if not where the row says."""
        making = partial(_made, scratch=self._folder.name, quality=self._quality)
        [(_, made)] = self._pool.each(making, [(row, path)], _seconds, 1)
        return _told(made)


def clip(row: Row, path: bytes | None = None) -> Preview:
    """The preview of a clip, by a process that ends with it. For more than one take `Previews`."""
    with Previews() as previews:
        return previews.of(row, path)


def _told(made: Preview | Died) -> Preview:
    return Preview(why=f"{made.reason}: {made.message}") if isinstance(made, Died) else made


def _seconds(given: tuple[Row, bytes | None]) -> float:
    """How long making a preview may take."""
    row, path = given
    try:
        reading = reading_s(Span.of(row, path).path)
    except (KeyError, ValueError):  # told of where it is made
        reading = 0.0
    return 3 * reading + 120.0


def _made(given: tuple[Row, bytes | None], scratch: str, quality: media.Quality) -> Preview:
    """The preview of a clip, in this process, which it may crash. scratch: a folder for files."""
    row, path = given
    if row.get("fault") is not None:
        return Preview(why=f"{row['fault']}: {row['fault_message']}")
    own = Path(mkdtemp(dir=scratch))
    try:
        if "mtime_ns" not in row:
            row = listed(row)
        return _shown(Span.of(row, path), own, quality)
    except (MediaError, FfmpegError, OSError) as error:
        return Preview(why=str(error))
    except Exception as error:  # whatever a file makes of our code harms only that file
        return Preview(why=f"{type(error).__name__}: {error}")
    finally:
        shutil.rmtree(own, ignore_errors=True)


def _shown(span: Span, scratch: Path, quality: media.Quality) -> Preview:
    if not span.ms:
        return Preview(pictures.still(span.still(_STILL_PX)), "image/jpeg")
    sound, film, reasons = _sides(span, scratch, quality)
    if span.ms < span.whole_ms:
        reasons.append(f"the first {LONGEST_MS // 1000} s of {span.whole_ms / 1000:g} s are shown")
    return Preview(
        film.media,
        film.media_type,
        "; ".join(reasons) or None,
        pictures.strip(film.tiles) if film.tiles else None,
        None if sound is None else pictures.waveform(sound, span.ms),
        None if sound is None else pictures.spectrogram(sound, media.HZ, span.ms),
        span.ms / 1000,
    )


def _sides(
    span: Span, scratch: Path, quality: media.Quality
) -> tuple[Audio | None, media.Film, list[str]]:
    """The sound of a clip, what was encoded of it, and why a side that it should have is missing.

    Raises MediaError where nothing can be had.
    """
    row = span.row
    reasons = [
        f"no {name}: {reason}"
        for name, has, reason in (
            ("sound", row["has_audio"], row["audio_reason"]),
            ("picture", row["has_video"], row["video_reason"]),
        )
        if not has and reason not in _ABSENT
    ]
    sound: Audio | None = None
    if row["has_audio"]:
        try:
            sound = span.sound(media.HZ)
        except MediaError as error:
            if not row["has_video"]:
                raise
            reasons.append(f"no sound: {error.message}")
    try:
        return sound, media.encode(span, sound, scratch, quality), reasons
    except MediaError as error:
        if sound is None or not row["has_video"]:
            raise
        reasons.append(f"no picture: {error.message}")
        return sound, media.encode(span.heard_only(), sound, scratch, quality), reasons
