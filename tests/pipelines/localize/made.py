"""Caption rows whose claims can be looked for."""

from dataclasses import replace
from typing import Any

from manifests.captions import CaptionClaim, CaptionSet, How, Written
from manifests.evidence import Claim, Confidence, Evidence, WeakCaption
from manifests.sources.examined import clip_rows
from pipelines.caption.licences import Licence
from pipelines.caption.rows import caption_row
from tests.manifests.made import source

CLIP, OTHER = clip_rows(source(1))
SURE = Confidence(0.9, "high", "rule")


def sound(label: str, text: str, kind: Any = "sound") -> Claim:
    """A claim of a captioner that hears."""
    return Claim(label, text, kind, "audio", 0.9, ((0, 960),), SURE, SURE)


def said(name: str, *claims: Claim, transcript: str | None = None) -> WeakCaption:
    """What a captioner says of `CLIP`."""
    of = {"clip_id": CLIP["clip_id"], "content_hash": CLIP["content_hash"]}
    return WeakCaption(**of, captioner=name, claims=claims, transcript=transcript)


EARS = said(
    "yamnet", sound("Bark", "a dog barks"), sound("Dog", "a dog"), sound("Rain", "rain falls")
)
WORDS = said("whisper", transcript="sit")
EYES = said("eyes", replace(sound("dog", "a dog", "object"), modality="video"))


def caption(
    *claims: CaptionClaim, weak: tuple[WeakCaption, ...] = (EARS, WORDS, EYES)
) -> dict[str, Any]:
    """The caption row of `CLIP` with these claims."""
    evidence = Evidence(CLIP["clip_id"], True, True, 10_000, weak)
    written = Written(
        clip_id=CLIP["clip_id"],
        captions=CaptionSet("A dog barks.", "A dog.", "A dog barks."),
        how={
            "audio_caption": How("llm", rung="first"),
            "visual_caption": How("llm", rung="first"),
            "audio_visual_caption": How("llm", rung="first"),
        },
        evidence_digest=evidence.digest(),
        prompt_digest="9" * 16,
        transcript=evidence.transcript,
        model="small",
        claims=claims,
    )
    return caption_row(CLIP, evidence, written, "0" * 16, Licence("MIT", True, {}))


def claim(
    text: str, *captioners: str, of: Any = "audio_caption", supported: bool = True
) -> CaptionClaim:
    """One claim of a caption."""
    return CaptionClaim(of, text, captioners, SURE if supported else None, (), supported)


BARKS = claim("a dog barks", "yamnet")
