"""Dolby Vision whose pictures only Dolby's own metadata make right.

Profiles 5, 10.0 and 20.0 hold pictures in IPT-PQ-c2, bent by curves that come with each of them. FFmpeg
decodes them and applies neither: what comes out is green and purple. The other profiles have a base
layer in a standard space (SDR, PQ, HLG), which is read as it stands.
"""

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from av.container import InputContainer

DOLBY = (
    "Dolby Vision without a base layer that others can show (profile 5): its colours would come out "
    "green and purple. An ffmpeg with libplacebo makes a film of it: ffmpeg -i FILE -vf libplacebo="
    "colorspace=bt709:color_primaries=bt709:color_trc=bt709:format=yuv420p -c:a copy OUT.mp4"
)

_CODECS = {"hevc", "av1", "libdav1d"}
_PROFILES = {5, 10, 20}
_STREAM = re.compile(r"  Stream #0:(\d+)")
_RECORD = re.compile(r"\s+DOVI configuration record: .*\bprofile: (\d+),.* compatibility id: (\d+)")


def unshowable(container: "InputContainer") -> set[int]:
    """Indices of the streams whose colours nothing here can make right.

    Each container has its own place for Dolby's record; FFmpeg's description of a file gives it for
    all of them, and PyAV in no other way.
    """
    import av

    pictures = [s for s in container.streams.video if s.codec_context is not None]
    if not any(stream.codec_context.name in _CODECS for stream in pictures):
        return set()
    level = av.logging.get_level()
    av.logging.set_level(av.logging.INFO)
    try:
        described: Any = container  # its stub leaves the method out
        lines = described.dumps_format().splitlines()
    finally:
        av.logging.set_level(level)
    indices, index = set(), -1
    for line in lines:
        if stream := _STREAM.match(line):
            index = int(stream[1])
        elif (record := _RECORD.match(line)) and int(record[1]) in _PROFILES and record[2] == "0":
            indices.add(index)
    return indices
