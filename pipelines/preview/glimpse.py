"""A small picture of a clip for lists: what is seen in its middle, or the waveform of what is heard."""

from engine.media.decode import DecodePlan
from engine.media.open import MediaError
from pipelines.preview import pictures
from pipelines.preview.source import Row, Span

_PX, _HZ = 160, 8_000


def glimpse(row: Row) -> tuple[bytes, str]:
    """A picture of a clip, a row of the clips table, and its media type. It may crash this process.

    Raises MediaError, OSError where there is none.
    """
    if row.get("fault") is not None:
        raise MediaError(row["fault"], row["fault_message"])
    span = Span.of(row, None)
    if row["has_video"]:
        decoded = span.decoded(0, span.ms, DecodePlan(frames=1, frame_px=_PX))
        if decoded.media.frames is not None:
            return pictures.still(decoded.media.frames[0]), "image/jpeg"
    return pictures.waveform(span.sound(_HZ), span.ms), "image/png"
