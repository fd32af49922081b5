"""One caption on many clips of different evidence: the mark of a stuck writer or cache."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from manifests.captions import CAPTIONS, CaptionName
from manifests.evidence import Evidence, Modality
from manifests.verify.problems import Row
from manifests.verify.sorter import Many, Records, key_of, records, with_many

# One caption by the LLM on more than this many clips of different evidence, and on more than this
# share of the job's clips, is a flood. Both are our choice.
_CLIPS, _SHARE = 10, 0.02

_PERCEIVED: dict[CaptionName, Modality | None] = {
    "audio_caption": "audio",
    "visual_caption": "video",
    "audio_visual_caption": None,
}


class Said(NamedTuple):
    """A caption by an LLM. believed: a digest of the evidence that it may be of."""

    name: CaptionName
    text: str
    clip_id: str
    believed: int


def said(row: Row, evidence: Evidence) -> Iterator[Said]:
    """The captions of a row that an LLM wrote: a template says the same of all clips of which the same is
    known."""
    for name in CAPTIONS:
        text = row[name]
        if text is None or row[f"{name.removesuffix('_caption')}_by"] != "llm":
            continue
        believed = {
            claim.text
            for claim in evidence.claims(_PERCEIVED[name])
            if claim.believed is not None and claim.believed.tier != "low"
        }
        yield Said(name, text, row["clip_id"], key_of(*sorted(believed)))


def to_records(job: str, captions: Sequence[Said]) -> Records:
    """Captions of a job as records: what is said, of what, and the place among these."""
    return records(
        (key_of(job, each.name, each.text), each.believed, place)
        for place, each in enumerate(captions)
    )


def floods(chunks: Iterable[Records]) -> list[Many]:
    """Captions on many clips of different evidence."""
    return with_many(chunks, _CLIPS)


def is_flood(clips: int, captioned: int) -> bool:
    """Whether a caption is on too many of so many captioned clips."""
    return clips > _SHARE * captioned
