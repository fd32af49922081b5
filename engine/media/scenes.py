"""Where a video's scenes change, by PySceneDetect's content detector.

The frames come through `engine.media.open`, not through PySceneDetect's own readers: those would open
whatever a playlist names.
"""

from fractions import Fraction

from engine.media.codec import Stamps
from engine.media.open import (
    WHOLE,
    Range,
    open_media,
    origin_of,
    packets_of,
    use_only,
    video_stream,
)

# Frames are compared at this width, as PySceneDetect itself does before it compares.
_WIDTH_PX = 256
# Cuts closer than this are one (PySceneDetect's default of 15 frames, at 25 frames a second).
_SHORTEST_SCENE = "0.600s"


def scene_cuts(path: bytes, part: Range = WHOLE, track: int | None = None) -> list[int]:
    """Times in ms, ascending, at which a new scene begins in the video in a part of the file; none at 0.

    track: number of its stream of pictures. Decodes every frame. Raises MediaError when the file can't
    be opened.
    """
    import av
    import cv2
    from av.video.reformatter import Interpolation, VideoReformatter
    from scenedetect import ContentDetector, FrameTimecode
    from scenedetect.common import Timecode

    cv2.setNumThreads(1)
    detector = ContentDetector(min_scene_len=_SHORTEST_SCENE)
    cuts: list[FrameTimecode] = []
    with open_media(path, part=part) as container:
        stream, _ = video_stream(container, track)
        if stream is None:
            return []
        use_only(container, [stream])
        base, origin = Fraction(stream.time_base or 1), origin_of(container)
        fps = stream.average_rate or stream.guessed_rate or Fraction(25)
        stamps = Stamps(stream)
        reformatter = VideoReformatter()
        packets = packets_of(container, [stream])
        while True:
            try:
                packet = next(packets)
                frames = packet.decode()
            except (StopIteration, av.EOFError):
                break
            except av.FFmpegError:
                continue
            for frame in frames:
                stamp = stamps.of(frame)
                if stamp is None:
                    continue
                width = min(_WIDTH_PX, frame.width)
                height = max(1, frame.height * width // frame.width)
                small = reformatter.reformat(
                    frame, width, height, "bgr24", interpolation=Interpolation.AREA, threads=1
                )
                at = FrameTimecode(Timecode(stamp, base), fps)
                cuts += detector.process_frame(at, small.to_ndarray())
    starts = {round(1000 * (Fraction(cut.pts) * base - origin)) for cut in cuts}
    return sorted(start for start in starts if start > 0)
