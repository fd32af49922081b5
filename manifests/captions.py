"""Captions: the three texts of one clip, how each was written, and the digest that ties them to it."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from json.encoder import encode_basestring
from typing import Any, Literal

from manifests.evidence import Confidence
from manifests.ids import digest_of_json

CaptionName = Literal["audio_caption", "visual_caption", "audio_visual_caption"]
CAPTIONS: tuple[CaptionName, ...] = ("audio_caption", "visual_caption", "audio_visual_caption")

Domain = Literal["speech", "music", "general"]
"""What the sound of a clip is about: words that were understood, music above all, or anything."""

Author = Literal["llm", "template"]


@dataclass(frozen=True, slots=True)
class CaptionSet:
    """What is heard, what is seen, and what both tell together; None for a caption that can't exist."""

    audio_caption: str | None = None
    visual_caption: str | None = None
    audio_visual_caption: str | None = None

    def __getitem__(self, name: CaptionName) -> str | None:
        value: str | None = getattr(self, name)
        return value


@dataclass(frozen=True, slots=True)
class How:
    """How one caption was written.

    by: None when it can't exist, with the reason in `why`. rung: name of the ladder's step that wrote
    it ("first", "repair", "fresh", "template"). faults: of this caption's replies that were refused,
    as "rung:fault", in order. judged: probability that the evidence states it, of a caption that was in
    doubt and that a judge was asked about.
    """

    by: Author | None
    why: str | None = None
    rung: str | None = None
    faults: tuple[str, ...] = ()
    judged: float | None = None


@dataclass(frozen=True, slots=True)
class CaptionClaim:
    """One claim of a caption, and what speaks for it.

    caption: whose claim it is. text: as the evidence words it; the caption's own words where it quotes
    and where nothing supports it. captioners: that support it, in the evidence's order. confidence: with
    everybody's word, None without support. spans: (start, end) in ms from the start of the clip, where
    a captioner said when. supported: whether the evidence says it.
    """

    caption: CaptionName
    text: str
    captioners: tuple[str, ...] = ()
    confidence: Confidence | None = None
    spans: tuple[tuple[int, int], ...] = ()
    supported: bool = False


@dataclass(frozen=True, slots=True)
class Variant:
    """A further caption of a clip, by the LLM. style: what was asked for, a style of the prompt's."""

    caption: CaptionName
    style: str
    text: str


@dataclass(frozen=True, slots=True)
class Written:
    """One clip's captions and how they came to be.

    how: by caption name, all three present. evidence_digest: `Evidence.digest` of what it was written
    from. prompt_digest: of the ladder's templates and limits and of what this clip was first asked.
    domain: what the sound is about. model: as the server names it, None when no request was made.
    Tokens: of all requests for this clip. claims: of all captions, with what speaks for each. variants:
    further captions, as far as the guards accepted them.
    """

    clip_id: str
    captions: CaptionSet
    how: dict[CaptionName, How]
    evidence_digest: str
    prompt_digest: str
    transcript: str | None = None
    domain: Domain = "general"
    model: str | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    requests: int = 0
    claims: tuple[CaptionClaim, ...] = ()
    variants: tuple[Variant, ...] = ()

    @property
    def caption_digest(self) -> str:
        """See `caption_digest`."""
        return caption_digest(
            self.clip_id,
            self.captions,
            self.transcript,
            self.evidence_digest,
            self.prompt_digest,
            self.variants,
        )


def caption_digest(
    clip_id: str,
    captions: CaptionSet,
    transcript: str | None,
    evidence_digest: str,
    prompt_digest: str,
    variants: Sequence[Variant] = (),
) -> str:
    """Ties captions to their clip, evidence and prompt: `captionmill verify` computes it again."""
    texts = (captions.audio_caption, captions.visual_caption, captions.audio_visual_caption)
    return texts_digest(clip_id, *texts, transcript, evidence_digest, prompt_digest, variants)


def texts_digest(
    clip_id: str,
    audio: str | None,
    visual: str | None,
    audio_visual: str | None,
    transcript: str | None,
    evidence_digest: str,
    prompt_digest: str,
    variants: Sequence[Variant] = (),
) -> str:
    """`caption_digest` of a row of which there may be a hundred million: the canonical JSON of [clip,
    captions, transcript, evidence, prompt, variants], put together in a quarter of the time."""
    further = ",".join(
        f'{{"caption":{_json(v.caption)},"style":{_json(v.style)},"text":{_json(v.text)}}}'
        for v in variants
    )
    return digest_of_json(
        f'[{_json(clip_id)},{{"audio_caption":{_json(audio)},"audio_visual_caption":'
        f'{_json(audio_visual)},"visual_caption":{_json(visual)}}},{_json(transcript)},'
        f"{_json(evidence_digest)},{_json(prompt_digest)},[{further}]]"
    )


def _json(text: str | None) -> str:
    return "null" if text is None else encode_basestring(text)


def claims_to_rows(claims: Iterable[CaptionClaim]) -> list[dict[str, Any]]:
    """The `claims` column of a caption row."""
    rows = []
    for claim in claims:
        row = asdict(claim) | {"captioners": list(claim.captioners)}
        row["spans"] = [{"start_ms": start, "end_ms": end} for start, end in claim.spans]
        rows.append(row)
    return rows
