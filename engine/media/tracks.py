"""Which of several tracks of sound and picture is used.

Screen recorders write blank tracks beside the one that sounds, films have one for each language, and
phones add tracks that FFmpeg can't decode. Where there is a choice, tracks are tried before:

- Of the pictures, FFmpeg's best that decodes.
- Of the sounds, ten windows over the file are heard. A silent track is never taken while another
  sounds. Among those that sound come first: the one asked for by its number, those that are no
  comment or description, those in the language asked for, the default one, FFmpeg's best.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from engine.media.dolby import unshowable
from engine.media.encryption import Encryption
from engine.media.languages import language_of
from engine.media.open import (
    Range,
    decodable_audio,
    decodable_video,
    open_media,
    origin_of,
    use_only,
)

if TYPE_CHECKING:
    from av.container import InputContainer

    from engine.media.sound import SoundReader

_HZ = 16_000
_WINDOWS, _WINDOW_S = 10, 1
# Shorter files are heard whole.
_WHOLE_S = 12
# A track that is silent for so much of what is heard of it is blank.
_SILENT = 0.98
# No more tracks than these are tried; each may hold so much undecided sound.
_MOST_TRACKS = 16
_HELD_BYTES = 8 << 20
# Packets that are read for one window, and that are tried of each picture.
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
    """The first of these tracks of which a packet decodes."""
    import av

    with open_media(path, part=part) as container:
        streams = {s.index: n for n, s in enumerate(container.streams.video)}
        order = numbers[:_MOST_TRACKS]
        chosen = [container.streams.video[n] for n in order]
        use_only(container, list(chosen))
        tried, decoded = dict.fromkeys(order, 0), set[int]()
        try:
            for packet in container.demux(chosen):
                number = streams[packet.stream.index]
                tried[number] += 1
                if number in decoded or (tried[number] > _TRIED_PACKETS and packet.size):
                    continue
                try:
                    frames: list[Any] = list(packet.decode())
                    if any(not frame.is_corrupt for frame in frames):
                        decoded.add(number)
                except av.FFmpegError:
                    continue
                if order[0] in decoded or sum(tried.values()) > _WINDOW_PACKETS:
                    break
        except av.FFmpegError:
            pass  # what was read until here tells what it can
    return next((n for n in order if n in decoded), order[0])


def _sound(path: bytes, part: Range, numbers: Sequence[int], wish: int | str | None) -> int:
    """Of these tracks, FFmpeg's best first, the one that what is heard, the wish and marks prefer."""
    numbers = numbers[:_MOST_TRACKS]
    heard = _survey(path, part, numbers)
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


def _survey(path: bytes, part: Range, numbers: Sequence[int]) -> dict[int, int]:
    """Of each track: 2 if it sounds, 1 if it decodes, else 0."""
    import av

    with open_media(path, part=part) as container:
        seconds = (container.duration or 0) / 1_000_000
        if seconds > _WHOLE_S:
            each = Fraction(seconds) / _WINDOWS
            starts = [each * i + (each - _WINDOW_S) / 2 for i in range(_WINDOWS)]
            try:
                heard = _heard(container, numbers, starts, Fraction(_WINDOW_S))
            except (av.FFmpegError, OverflowError):
                heard = {}
            if any(heard.values()):
                return heard
    # It is short, or can't be sought.
    with open_media(path, part=part) as container:
        return _heard(container, numbers, [Fraction(0)], Fraction(_WHOLE_S))


def _heard(
    container: "InputContainer",
    numbers: Sequence[int],
    starts: Sequence[Fraction],
    seconds: Fraction,
) -> dict[int, int]:
    import numpy as np

    from captioners.silence import silent_share
    from engine.media.sound import SoundReader

    streams = {n: container.streams.audio[n] for n in numbers}
    for stream in streams.values():
        stream.codec_context.thread_count = 1
    use_only(container, list(streams.values()))
    origin = origin_of(container)
    lead = next(iter(streams.values()))
    pieces: dict[int, list[Any]] = {n: [] for n in numbers}
    packets, errors = dict.fromkeys(numbers, 0), dict.fromkeys(numbers, 0)
    for start in starts:
        if start > 0:
            base = Fraction(lead.time_base or 1)
            container.seek(int((origin + start - Fraction(1, 2)) / base), stream=lead)
        readers = {
            n: SoundReader(s, origin, start, start + seconds, (_HZ,), _HELD_BYTES)
            for n, s in streams.items()
        }
        _read(container, {streams[n].index: r for n, r in readers.items()})
        for n, reader in readers.items():
            packets[n] += reader.packets
            errors[n] += reader.errors
            if audio := reader.audio():
                pieces[n].append(audio[_HZ])
    heard = {}
    for n in numbers:
        decodes = bool(pieces[n]) and 2 * errors[n] <= packets[n]
        sounds = decodes and silent_share(np.concatenate(pieces[n])) < _SILENT
        heard[n] = decodes + sounds
    return heard


def _read(container: "InputContainer", readers: "dict[int, SoundReader]") -> None:
    """Hands packets to the readers until all are done or no more come."""
    import av

    left = _WINDOW_PACKETS
    streams = [container.streams[index] for index in readers]
    try:
        for packet in container.demux(streams):
            readers[packet.stream.index].feed(packet)
            left -= 1
            if not left or all(reader.done for reader in readers.values()):
                break
    except av.FFmpegError:
        pass  # what was read until here tells what it can
    for reader in readers.values():
        reader.finish()


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
