"""Where a clip lies, for people."""

from pipelines.search.clips import Clip
from pipelines.terminal import one_line, readable


def place(clip: Clip) -> str:
    """The path of a clip's source, and which part of it: "dog.mp4  [0-6 s]"."""
    start, end = clip.start_ms / 1000, clip.end_ms / 1000
    span = "still" if clip.kind == "image" else f"{start:g}-{end:g} s"
    return f"{path(clip.uri)}  [{span}]"


def path(uri: str) -> str:
    """The path behind a URI; another URI, which only a foreign workspace holds, as it is."""
    try:
        return one_line(readable(uri))
    except ValueError:
        return one_line(uri)
