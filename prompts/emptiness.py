"""Claims that a stream has no content: silence, a black picture, a picture that stands still.

They are the reason why there is no caption, never its text. Measures say so by claims of kind "signal";
generated sentences say it in words of their own ("There is no sound.", "The screen is completely black").
A sentence that tells anything else besides ("The room is quiet") is an ordinary one. Pure.
"""

from manifests.evidence import Claim, Modality
from prompts.words import lexicon, stem, tokens

# What a sentence says that speaks of nothing, and the reason that it gives. Of two the first counts.
_REASONS: dict[Modality, dict[str, str]] = {
    "audio": {
        stem(word): "silence"
        for word in ("silence", "silent", "silently", "quiet", "nothing", "no")
    },
    "video": {
        stem(word): reason
        for reason, words in (
            ("a black picture", ("black", "blackness", "darkness")),
            ("a blank picture", ("blank", "empty")),
            ("a still picture", ("still", "static", "motionless")),
            ("nothing to see", ("nothing", "no")),
        )
        for word in words
    },
}
_BESIDE = frozenset(
    stem(word)
    for word in (
        *("complete", "completely", "total", "totally", "entire", "entirely", "absolute", "only"),
        *(
            "pure",
            "purely",
            "fully",
            "just",
            "but",
            "whole",
            "throughout",
            "any",
            "at",
            "all",
            "in",
        ),
        *("clip", "recording", "track", "screen", "content", "remain", "stay", "distinct"),
        *("detect", "detected", "discernible", "photo", "photograph"),
    )
)


def emptiness(claim: Claim) -> str | None:
    """Why the stream of a claim has nothing to tell, where the claim says only that; else None."""
    text = " ".join(claim.text.split())
    if claim.kind == "signal":
        return text.removeprefix("there is ") or None
    return _said(text, claim.modality) if claim.kind == "caption" else None


def _said(text: str, modality: Modality) -> str | None:
    reasons = _REASONS[modality]
    telling = frozenset(tokens(text)) - lexicon().plain[modality] - _BESIDE
    if not telling or not telling <= reasons.keys():
        return None
    return next(reason for token, reason in reasons.items() if token in telling)
