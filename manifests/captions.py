"""Captions: the three texts of one clip, how each was written, and the digest that ties them to it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from json.encoder import encode_basestring
from typing import Any, Literal

from manifests.evidence import Confidence
from manifests.faults import Fault
from manifests.ids import digest_of_json

CaptionName = Literal["audio_caption", "visual_caption", "audio_visual_caption"]
CAPTIONS: tuple[CaptionName, ...] = ("audio_caption", "visual_caption", "audio_visual_caption")


def possible(has_audio: bool, has_video: bool) -> tuple[CaptionName, ...]:
    """The captions that a clip can have."""
    can = (has_audio, has_video, has_audio and has_video)
    return tuple(name for name, is_possible in zip(CAPTIONS, can, strict=True) if is_possible)


Domain = Literal["speech", "music", "general"]
"""What the sound of a clip is about: words that were understood, music above all, or anything."""

Author = Literal["llm", "template"]

REPLY_CHARS = 20_000
"""Characters that are kept of a reply: several times what any built-in prompt allows. `Reply.characters`
tells of more."""


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
class Refusal:
    """What a guard found wrong with a reply. caption: None where it is about the whole reply. detail: the
    words, for people and for a repair. doubt: nothing contradicts it, but nothing supports it."""

    fault: Fault
    caption: CaptionName | None = None
    detail: str = ""
    doubt: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the judge answered about one sentence of a caption in doubt. text: its reply, None where the
    server would not read the question. probability: of "yes"."""

    caption: CaptionName
    sentence: str
    text: str | None
    probability: float


@dataclass(slots=True)
class Reply:
    """One reply of the LLM about a clip, filled while guards and judge look at it.

    rung: what asked: a rung of the ladder, or "variant <number> <style>". request_digest: of the whole
    request. candidate: of several that were asked for at once, from 0. text: as it came, its first
    `REPLY_CHARS` characters; None where the server would not read the request. characters: of all of it.
    at_limit: it ended at the token limit. refusals: by guards, of the captions that were still wanted.
    judged: by the judge. taken: captions (of a variant: further captions) that were taken from it.
    """

    rung: str
    request_digest: str
    candidate: int = 0
    text: str | None = None
    characters: int = 0
    at_limit: bool = False
    refusals: list[Refusal] = field(default_factory=list)
    judged: list[Judgement] = field(default_factory=list)
    taken: list[CaptionName] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Written:
    """One clip's captions and how they came to be.

    how: by caption name, all three present. evidence_digest: `Evidence.digest` of what it was written
    from. prompt_digest: of the ladder's templates and limits and of what this clip was first asked.
    domain: what the sound is about. model: as the server names it, None when no request was made.
    Tokens: of all requests for this clip. claims: of all captions, with what speaks for each. variants:
    further captions, as far as the guards accepted them. replies: of the LLM, in the order in which they
    were asked for.
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
    replies: tuple[Reply, ...] = ()

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


def replies_to_rows(replies: Iterable[Reply]) -> list[dict[str, Any]]:
    """The `replies` column of a caption row."""
    return [asdict(reply) for reply in replies]


def replies_from_rows(rows: Iterable[Mapping[str, Any]]) -> list[Reply]:
    """The replies that a `replies` column holds."""
    return [
        Reply(
            **{
                **row,
                "refusals": [Refusal(**refusal) for refusal in row["refusals"]],
                "judged": [Judgement(**judged) for judged in row["judged"]],
                "taken": list(row["taken"]),
            }
        )
        for row in rows
    ]
