"""One caption on many clips of different evidence: the mark of a stuck writer or cache."""

from collections import defaultdict
from collections.abc import Iterator

from manifests.captions import CAPTIONS, CaptionName
from manifests.evidence import Evidence, Modality
from manifests.verify.problems import Problem, Row

# One caption by the LLM on more than this many clips of different evidence, and on more than this
# share of the job's clips, is a flood. Both are our choice.
_CLIPS, _SHARE = 10, 0.02

_PERCEIVED: dict[CaptionName, Modality | None] = {
    "audio_caption": "audio",
    "visual_caption": "video",
    "audio_visual_caption": None,
}


class Flood:
    """Counts the captions of a job.

    Only what an LLM wrote: a template says the same of all clips of which the same is known.
    """

    def __init__(self) -> None:
        self._evidence: dict[int, set[int]] = defaultdict(set)
        self._sample: dict[int, tuple[CaptionName, str, str]] = {}

    def add(self, row: Row, evidence: Evidence) -> None:
        """Counts the captions of one row."""
        for name in CAPTIONS:
            text = row[name]
            if text is None or row[f"{name.removesuffix('_caption')}_by"] != "llm":
                continue
            believed = {
                claim.text
                for claim in evidence.claims(_PERCEIVED[name])
                if claim.believed is not None and claim.believed.tier != "low"
            }
            key = hash((name, text))
            self._evidence[key].add(hash(frozenset(believed)))
            if len(self._evidence[key]) > _CLIPS:
                self._sample.setdefault(key, (name, text, row["clip_id"]))

    def problems(self, captioned: int) -> Iterator[Problem]:
        """Floods among so many captioned clips, each with one of its clips."""
        for key, (name, text, clip) in self._sample.items():
            count = len(self._evidence[key])
            if count > _SHARE * captioned:
                message = f'"{text}" appears on {count} clips with different evidence'
                yield Problem("flood", name, message, clip)
