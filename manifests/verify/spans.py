"""Is a row of spans about the captions of its clip?"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from manifests.verify.problems import Problem, Row

COLUMNS = ("clip_id", "caption_digest", "claims")
"""What is read of captions."""


def check_spans(where: str, row: Row, captions: Mapping[str, Row] | None) -> Iterator[Problem]:
    """Problems of one row of `spans`: its captions must be those of its clip, its claims must be theirs,
    and its spans must lie in the clip.

    captions: rows of the shard's captions by clip; None where a file of them is damaged.
    """
    if captions is None:
        return
    clip = row["clip_id"]
    if clip not in captions:
        yield Problem("join", where, "the clip has no captions that it could be about", clip)
        return
    if row["caption_digest"] != captions[clip]["caption_digest"]:
        yield Problem("join", where, "it is about other captions than the clip's", clip)
        return
    made = {(claim["caption"], claim["text"]) for claim in captions[clip]["claims"]}
    for claim in row["claims"]:
        if (claim["caption"], claim["text"]) not in made:
            yield Problem("join", where, "the captions make no such claim", clip)
        if not _is_within(claim["spans"] or (), row["end_ms"] - row["start_ms"]):
            yield Problem("join", where, "the spans of a claim overlap, or leave the clip", clip)


def _is_within(spans: Sequence[Mapping[str, int]], duration_ms: int) -> bool:
    """Whether spans follow each other inside a clip."""
    times = [time for span in spans for time in (span["start_ms"], span["end_ms"])]
    ordered = all(first < second for first, second in pairwise(times))
    return ordered and (not times or (times[0] >= 0 and times[-1] <= duration_ms))
