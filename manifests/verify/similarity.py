"""Is a row of similarities made of the vectors and the captions of its clip?"""

from collections.abc import Iterator, Mapping
from math import isclose

from manifests.vectors import product
from manifests.verify.problems import Problem, Row


def check_similarity(
    where: str, row: Row, vectors: Mapping[str, Row] | None, captions: Mapping[str, Row] | None
) -> Iterator[Problem]:
    """Problems of one row of `similarity`.

    vectors, captions: rows of the shard's embeddings and captions by clip; None where a file of them is
    damaged.
    """
    clip = row["clip_id"]
    if vectors is not None and clip not in vectors:
        yield Problem("join", where, "the clip has no vectors", clip)
    elif vectors is not None:
        wanted = product(vectors[clip]["audio"], vectors[clip]["video"])
        told = row["audio_video"]
        if not _same(told, wanted):
            yield Problem("join", where, "audio_video is not that of the clip's vectors", clip)
    if captions is not None:
        written = captions[clip]["caption_digest"] if clip in captions else None
        if row["caption_digest"] != written:
            yield Problem("join", where, "it compares other captions than the clip's", clip)


def _same(told: float | None, wanted: float | None) -> bool:
    """Whether both are missing, or equal but for rounding."""
    if told is None or wanted is None:
        return told is wanted
    return isclose(told, wanted, rel_tol=1e-5, abs_tol=1e-6)
