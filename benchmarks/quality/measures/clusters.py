"""Which clips hang together because they are made of the same recordings, voices or pictures.

Every clip with the same bark is heard rightly or wrongly together, so 500 clips of 150 sounds say less
than 500 sounds would. Intervals by source draw clusters of clips, not clips.
"""

from collections import Counter
from collections.abc import Iterable

from benchmarks.quality.known import Case


def by_source(cases: Iterable[Case]) -> dict[str, str]:
    """The cluster of each clip, by clip id: that of its sources that most clips share, the first by name
    where several do; a clip without sources is a cluster of its own.

    A clip of several sources belongs to each of them, but can be drawn only once. Joining all clips that
    are linked through any chain of sources leaves one cluster of nearly everything, since sounds and
    pictures are paired at random, and no interval at all. The source that most clips share makes the
    clusters as large as one source a clip allows. What is left out: that clips of different clusters
    may share their lesser source, so that the truth is a little wider still.
    """
    every = list(cases)
    shared = Counter(source for case in every for source in set(case.sources))
    found = {}
    for case in every:
        most = min(case.sources, key=lambda source: (-shared[source], source), default=None)
        found[case.clip_id] = f"source {most}" if most else f"clip {case.clip_id}"
    return found
