"""The media of a set, decoded in processes of their own: what breaks one harms its clip only."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from engine.media.decode import Decoded, DecodePlan, decode
from engine.media.open import MediaError
from engine.media.pool import Died, GuardedPool, reading_s
from engine.media.probe import Probe, probe
from manifests.ids import clip_id, uri_of
from manifests.media import Media, Needs
from manifests.sources.segments import Segment
from pipelines.evaluate.items import Item
from pipelines.length import LONGEST_MS

SHORT_MS = 100
"""Clips under this are told of: shorter than what encoders take for one step and its neighbours."""
_SILENT = 10 ** (-60 / 20)
"""Sound that never exceeds this is told of as silent: -60 dBFS."""
# Frames of 1080p at most, as encoders want them; it only sets the limit of memory.
_FRAME_SIDE = 1920 * 1080 / 1920**2


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What was decoded of a clip.

    media: None where nothing could be. reason, message: why not, or why one of its two files could not
    be read. longer: whether the clip goes on after what is embedded. silent: it has sound without level.
    """

    media: Media | None = None
    reason: str | None = None
    message: str = ""
    longer: bool = False
    silent: bool = False

    @property
    def short(self) -> bool:
        """Whether there is hardly anything of it; a still has no length."""
        return self.media is not None and 0 < self.media.duration_ms < SHORT_MS


def excerpts(items: Iterable[Item], needs: Needs) -> Iterator[tuple[Item, Excerpt]]:
    """Decodes clips ahead of who asks for them, in the order of the items; bounded in memory.

    Raises UserError when something else on the machine ends all processes.
    """
    workers = os.cpu_count() or 1
    taking = partial(excerpt, needs=needs)
    with GuardedPool(workers, "decoding the file", _bytes(needs)) as pool:
        for item, taken in pool.each(taking, items, _seconds, 2 * workers):
            if isinstance(taken, Died):
                taken = Excerpt(reason=taken.reason, message=taken.message)
            yield item, taken


def excerpt(item: Item, needs: Needs) -> Excerpt:
    """Decodes the beginning of a clip in this process, which it may crash."""
    if item.sound is None and item.picture is None:
        return Excerpt(reason="missing", message="no such file")
    plan = DecodePlan((needs.audio_hz,) if needs.audio_hz else (), needs.frames, needs.frame_px)
    taken: list[tuple[Decoded, bool]] = []
    reason, message = None, ""
    for path, heard, seen in _files(item):
        try:
            taken.append(_decoded(path, item, plan, heard, seen))
        except MediaError as error:
            reason, message = str(error.reason), error.message
        except OSError as error:
            reason, message = "unreadable", error.strerror or str(error)
        except Exception as error:  # whatever a file makes of our code harms only that file
            reason, message = "broken", f"{type(error).__name__}: {error}"
    if not taken:
        return Excerpt(reason=reason, message=message)
    media = _joined([decoded.media for decoded, _ in taken])
    silent = any(len(s) and np.abs(s).max() < _SILENT for s in media.audio.values())
    return Excerpt(media, reason, message, any(longer for _, longer in taken), bool(silent))


def _files(item: Item) -> Iterator[tuple[bytes, bool, bool]]:
    """Each file of a clip, whether its sound counts and whether its picture does."""
    for path in dict.fromkeys((item.sound, item.picture)):
        if path is not None:
            yield path, path == item.sound, path == item.picture


def _decoded(
    path: bytes, item: Item, plan: DecodePlan, heard: bool, seen: bool
) -> tuple[Decoded, bool]:
    """A clip's span of one file, and whether the clip is longer. Raises MediaError."""
    probed = probe(path)
    segment, start, end = _span(probed, item)
    part = segment.between(start - segment.start_ms, end - segment.start_ms)
    audio, video = heard and part.has_audio, seen and part.has_video
    if not (audio and plan.audio_hz) and not (video and plan.frames):
        wanted = part.audio_reason if heard and not seen else part.video_reason
        raise MediaError("no_streams", wanted or "nothing that the encoder takes")
    first = segment.file_ms + start - segment.start_ms
    decoded = decode(
        path,
        clip_id(uri_of(os.path.abspath(path)), start, end),
        "",
        first,
        first + end - start,
        plan,
        audio,
        video,
        part=(segment.first_byte, segment.end_byte),
        since_ms=segment.since_ms,
        audio_track=segment.audio_track,
        video_track=segment.video_track,
    )
    whole = probed.duration_ms if item.end_ms is None else min(item.end_ms, probed.duration_ms)
    return decoded, whole - item.start_ms > LONGEST_MS


def _span(probed: Probe, item: Item) -> tuple[Segment, int, int]:
    """The segment that holds most of what is embedded of a clip, and its span in the content, in ms."""
    first = item.start_ms
    last = first + LONGEST_MS if item.end_ms is None else min(item.end_ms, first + LONGEST_MS)

    def shared(segment: Segment) -> int:
        return min(last, segment.end_ms) - max(first, segment.start_ms)

    usable = [segment for segment in probed.segments if segment.fault is None]
    segment = max(usable, key=shared)
    if segment.start_ms == segment.end_ms:
        return segment, segment.start_ms, segment.end_ms
    if shared(segment) <= 0:
        seconds = probed.duration_ms / 1000
        raise MediaError(
            "truncated", f"it ends at {seconds:g} s, before the clip begins at {first / 1000:g} s"
        )
    return segment, max(first, segment.start_ms), min(last, segment.end_ms)


def _joined(media: list[Media]) -> Media:
    """The sound of one file and the picture of another."""
    first, *others = media
    for other in others:
        first = replace(
            first,
            duration_ms=max(first.duration_ms, other.duration_ms),
            audio=first.audio or other.audio,
            frames=other.frames if first.frames is None else first.frames,
            frame_times_ms=first.frame_times_ms or other.frame_times_ms,
        )
    return first


def _seconds(item: Item) -> float:
    return sum(2 * reading_s(path) for path, _, _ in _files(item)) or 1.0


def _bytes(needs: Needs) -> int:
    """Of a decoded clip, at most."""
    samples = 4 * (needs.audio_hz or 0) * LONGEST_MS // 1000
    return samples + int(3 * needs.frames * needs.frame_px**2 * _FRAME_SIDE)
