"""What scorers share: what of others is scored, and the weak caption that this gives.

A scorer says nothing itself: its claims have no text, are of kind "score", and carry as label the
captioner and the label of the claim that was scored ("yamnet/Dog").
"""

from collections.abc import Callable, Sequence

from captioners.contract import Captioner
from manifests.evidence import Claim, WeakCaption
from manifests.media import Media


def scored(
    captioner: Captioner, media: Media, judge: Callable[[list[str]], Sequence[float]]
) -> WeakCaption:
    """The scores of all claims with a text that `captioner` may read, as a weak caption of its own.

    In the order of the captioners read, then of their claims. judge: scores of texts, one each; it is
    not called where nobody said anything.
    """
    statements = [
        (f"{name}/{claim.label}", claim.text)
        for name, weak in media.said.items()
        for claim in weak.claims
        if claim.text.strip()
    ]
    scores = judge([text for _, text in statements]) if statements else []
    claims = tuple(
        Claim(label=label, text="", kind="score", modality=captioner.modality, score=score)
        for (label, _), score in zip(statements, scores, strict=True)
    )
    return captioner.weak(media, claims=claims)
