"""Which of several tracks of sound are heard, at a cost that a long file does not raise.

Ten windows over the file come first. A track may sound between them only: of those that are silent the
packets are looked at, without decoding, and the moments are heard that hold the most. Silence packs
small, by the codec or by zlib where packets are of one size (PCM, AC-3).
"""

import zlib
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from engine.media.open import Range, open_media, origin_of, packets_of, use_only

if TYPE_CHECKING:
    from av.container import InputContainer

    from engine.media.sound import SoundReader

_HZ = 16_000
_WINDOWS, _WINDOW_S = 10, 1
# Shorter files are heard whole.
_WHOLE_S = 12
# A track that is silent for so much of what is heard of it is blank.
_SILENT = 0.98
# Of the fullest seconds, 20 at most, 100 ms of sound are enough.
_SILENT_SECONDS = 0.996
# Each track may hold so much undecided sound.
_HELD_BYTES = 8 << 20
# Packets that are read for one window.
_WINDOW_PACKETS = 20_000
# Of the second look: packets that are read, how often one a second is packed, and how much of it.
_LOOKED_PACKETS, _PACKED_A_SECOND, _PACKED_BYTES = 2_000_000, 4, 2048


def survey(path: bytes, part: Range, numbers: Sequence[int]) -> dict[int, int]:
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
            silent = [n for n in numbers if heard.get(n) == 1]
            if silent:
                heard |= _second_look(path, part, silent)
            if any(heard.values()):
                return heard
    # It is short, or can't be sought.
    with open_media(path, part=part) as container:
        return _heard(container, numbers, [Fraction(0)], Fraction(_WHOLE_S))


def _second_look(path: bytes, part: Range, numbers: Sequence[int]) -> dict[int, int]:
    """Of tracks that were silent in each window those that sound where their packets hold the most."""
    import av

    with open_media(path, part=part) as container:
        seconds = _fullest(container, numbers)
    heard = {}
    for number in numbers:
        starts = [Fraction(second) for second in seconds[number]]
        try:
            with open_media(path, part=part) as container:
                again = _heard(container, [number], starts, Fraction(_WINDOW_S), _SILENT_SECONDS)
            heard[number] = max(1, again[number])
        except (av.FFmpegError, OverflowError):
            heard[number] = 1
    return heard


def _fullest(container: "InputContainer", numbers: Sequence[int]) -> dict[int, list[int]]:
    """Of each track the seconds of the file, ascending, whose packets hold the most."""
    import av

    streams = {container.streams.audio[n].index: n for n in numbers}
    use_only(container, [container.streams[index] for index in streams])
    origin = float(origin_of(container))
    sizes: dict[int, Counter[int]] = {n: Counter() for n in numbers}
    packed: dict[int, Counter[int]] = {n: Counter() for n in numbers}
    last = dict.fromkeys(numbers, -1)
    left = _LOOKED_PACKETS
    try:
        for packet in packets_of(container, [container.streams[index] for index in streams]):
            left -= 1
            if not left:
                break
            if packet.pts is None or not packet.size:
                continue
            number = streams[packet.stream.index]
            at = max(0.0, float(packet.pts * packet.time_base) - origin)
            sizes[number][int(at)] += packet.size
            turn = int(at * _PACKED_A_SECOND)
            if turn != last[number]:
                last[number] = turn
                size = len(zlib.compress(bytes(packet)[:_PACKED_BYTES], 1))
                packed[number][int(at)] = max(packed[number][int(at)], size)
    except av.FFmpegError:
        pass  # what was read until here tells what it can
    return {
        n: sorted({second for by in (sizes, packed) for second, _ in by[n].most_common(_WINDOWS)})
        for n in numbers
    }


def _heard(
    container: "InputContainer",
    numbers: Sequence[int],
    starts: Sequence[Fraction],
    seconds: Fraction,
    silent: float = _SILENT,
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
        sounds = decodes and silent_share(np.concatenate(pieces[n])) < silent
        heard[n] = decodes + sounds
    return heard


def _read(container: "InputContainer", readers: "dict[int, SoundReader]") -> None:
    """Hands packets to the readers until all are done or no more come."""
    import av

    left = _WINDOW_PACKETS
    streams = [container.streams[index] for index in readers]
    try:
        for packet in packets_of(container, streams):
            readers[packet.stream.index].feed(packet)
            left -= 1
            if not left or all(reader.done for reader in readers.values()):
                break
    except av.FFmpegError:
        pass  # what was read until here tells what it can
    for reader in readers.values():
        reader.finish()
