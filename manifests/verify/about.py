"""Is a row that another stage made of a clip's captions about these captions?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from manifests.verify.problems import Problem, Row

COLUMNS = ("clip_id", "caption_digest", "claims")
"""What is read of captions."""


@dataclass(frozen=True, slots=True)
class About:
    """Checks rows with a `caption_digest`. captions: the rows of captions of one shard, by clip."""

    captions: Mapping[str, Row]

    def check(self, where: str, row: Row) -> Iterator[Problem]:
        """Problems of one row: its captions must be those of its clip, its claims must be theirs, and
        its spans must lie in the clip."""
        clip = row["clip_id"]
        caption = self.captions.get(clip)
        if caption is None:
            yield Problem("join", where, "the clip has no captions that it could be about", clip)
            return
        if row["caption_digest"] != caption["caption_digest"]:
            yield Problem(
                "digest", where, "it is about other captions than those of the clip", clip
            )
            return
        made = {(claim["caption"], claim["text"]) for claim in caption["claims"]}
        for claim in row.get("claims") or ():
            if (claim["caption"], claim["text"]) not in made:
                yield Problem("join", where, "the captions make no such claim", clip)
            if not _is_within(claim["spans"] or (), row["end_ms"] - row["start_ms"]):
                message = "the spans of a claim overlap, or leave the clip"
                yield Problem("join", where, message, clip)


def _is_within(spans: Sequence[Mapping[str, int]], duration_ms: int) -> bool:
    """Whether spans follow each other inside a clip."""
    times = [time for span in spans for time in (span["start_ms"], span["end_ms"])]
    ordered = all(first < second for first, second in pairwise(times))
    return ordered and (not times or (times[0] >= 0 and times[-1] <= duration_ms))
