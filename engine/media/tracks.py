"""Which of several tracks of sound and picture is used.

Screen recorders write blank tracks beside the one that sounds, films have one for each language, and
phones add tracks that FFmpeg can't decode. Where there is a choice, tracks are tried before:

- Of the pictures, FFmpeg's best that decodes, thumbnails last.
- Of the sounds, windows over the file are heard (`engine.media.hearing`). A silent track is never taken
  while another sounds. Among those that sound come first: the one asked for by its number, those that
  are no comment or description, those in the language asked for, the default one, FFmpeg's best.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.media.dolby import unshowable
from engine.media.encryption import Encryption
from engine.media.hearing import survey
from engine.media.languages import language_of
from engine.media.open import (
    Range,
    decodable_audio,
    decodable_video,
    open_media,
    packets_of,
    use_only,
)

if TYPE_CHECKING:
    from av.container import InputContainer

# No more tracks than these are tried.
_MOST_TRACKS = 16
# Packets that are read, and that are tried of each picture.
_WINDOW_PACKETS, _TRIED_PACKETS = 20_000, 40


@dataclass(frozen=True, slots=True)
class Tracks:
    """Tracks by their number among those of their kind, from 0; None where there is none."""

    audio: int | None
    video: int | None


def tracks(
    path: bytes,
    part: Range,
    container: "InputContainer",
    locked: Encryption,
    wish: int | str | None = None,
) -> Tracks:
    """The tracks to use of a part of the source at `path`, which `container` has open.

    locked: what is encrypted; taken only where nothing else is there. wish: number of the audio track
    that is wanted, or its language. Reads more of the source, by
    itself, only where there is a choice. Raises MediaError.
    """
    streams = container.streams
    pictures = _clear(decodable_video(container), streams.video, locked)
    odd = unshowable(container) if len(pictures) > 1 else set()
    pictures = [n for n in pictures if streams.video[n].index not in odd] or pictures
    sounds = _clear(decodable_audio(container), streams.audio, locked)
    video = _picture(path, part, pictures) if len(pictures) > 1 else next(iter(pictures), None)
    sounds = _of_program(container, sounds, video)
    audio = _sound(path, part, sounds, wish) if len(sounds) > 1 else next(iter(sounds), None)
    return Tracks(audio, video)


def _clear(numbers: list[int], streams: Sequence[Any], locked: Encryption) -> list[int]:
    """Those of the streams that are not encrypted; all where each is."""
    return [n for n in numbers if not locked.holds(streams[n])] or numbers


def _of_program(container: "InputContainer", sounds: list[int], video: int | None) -> list[int]:
    """The sounds of the programme that these pictures are of: a broadcast carries several.

    FFmpeg's best picture beside a stream is of the same programme, or of the whole file without any.
    """
    if video is None or len(sounds) < 2:
        return sounds
    best, streams = container.streams.best, container.streams
    picture = best("video", related=streams.video[video])
    same = [n for n in sounds if best("video", related=streams.audio[n]) is picture]
    return same or sounds


def _picture(path: bytes, part: Range, numbers: Sequence[int]) -> int:
    """The first of these tracks of which a packet decodes; one of a single picture (a thumbnail) only
    where no other has more."""
    import av

    with open_media(path, part=part) as container:
        streams = {s.index: n for n, s in enumerate(container.streams.video)}
        order = numbers[:_MOST_TRACKS]
        chosen = [container.streams.video[n] for n in order]
        use_only(container, list(chosen))
        tried, decoded = dict.fromkeys(order, 0), set[int]()
        try:
            for packet in packets_of(container, chosen):
                number = streams[packet.stream.index]
                tried[number] += bool(packet.size)
                if number not in decoded and (tried[number] <= _TRIED_PACKETS or not packet.size):
                    with suppress(av.FFmpegError):
                        frames: list[Any] = list(packet.decode())
                        if any(not frame.is_corrupt for frame in frames):
                            decoded.add(number)
                moves = order[0] in decoded and tried[order[0]] > 1
                if moves or sum(tried.values()) > _WINDOW_PACKETS:
                    break
        except av.FFmpegError:
            pass  # what was read until here tells what it can
    good = [n for n in order if n in decoded] or order
    return next((n for n in good if tried[n] > 1), good[0])


def _sound(path: bytes, part: Range, numbers: Sequence[int], wish: int | str | None) -> int:
    """Of these tracks, FFmpeg's best first, the one that what is heard, the wish and marks prefer."""
    numbers = numbers[:_MOST_TRACKS]
    heard = survey(path, part, numbers)
    language = language_of(wish) if isinstance(wish, str) else None
    with open_media(path, part=part) as container:

        def merit(number: int) -> tuple[Any, ...]:
            stream = container.streams.audio[number]
            return (
                heard[number],
                number == wish,
                not _secondary(stream),
                language is not None and language_of(stream.language) == language,
                _default(stream),
                -numbers.index(number),
            )

        return max(numbers, key=merit)


def _secondary(stream: Any) -> bool:
    """Whether a track accompanies the main one: comments, descriptions, sound for the hard of hearing."""
    from av.stream import Disposition

    marks = (
        Disposition.comment
        | Disposition.descriptions
        | Disposition.visual_impaired
        | Disposition.hearing_impaired
        | Disposition.clean_effects
        | Disposition.karaoke
        | Disposition.dependent
    )
    return bool(stream.disposition & marks)


def _default(stream: Any) -> bool:
    from av.stream import Disposition

    return bool(stream.disposition & Disposition.default)
