"""Captions: the three texts of one clip, how each was written, and the digest that ties them to it."""

from dataclasses import asdict, dataclass
from typing import Literal

from manifests.ids import digest

CaptionName = Literal["audio_caption", "visual_caption", "audio_visual_caption"]
CAPTIONS: tuple[CaptionName, ...] = ("audio_caption", "visual_caption", "audio_visual_caption")

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
    it («first», «repair», «fresh», «template»). faults: of this caption's replies that were refused,
    as «rung:fault», in order.
    """

    by: Author | None
    why: str | None = None
    rung: str | None = None
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """One clip's captions and how they came to be.

    how: by caption name, all three present. evidence_digest: `Evidence.digest` of what it was written
    from. prompt_digest: of the ladder's templates and limits and of what this clip was first asked.
    model: as the server names it, None when no request was made. Tokens: of all requests for this clip.
    """

    clip_id: str
    captions: CaptionSet
    how: dict[CaptionName, How]
    evidence_digest: str
    prompt_digest: str
    transcript: str | None = None
    model: str | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    requests: int = 0

    @property
    def caption_digest(self) -> str:
        """See `caption_digest`."""
        return caption_digest(
            self.clip_id,
            self.captions,
            self.transcript,
            self.evidence_digest,
            self.prompt_digest,
        )


def caption_digest(
    clip_id: str,
    captions: CaptionSet,
    transcript: str | None,
    evidence_digest: str,
    prompt_digest: str,
) -> str:
    """Ties captions to their clip, evidence and prompt: `captionmill verify` computes it again."""
    return digest([clip_id, asdict(captions), transcript, evidence_digest, prompt_digest])
