"""What scorers share: which statements of others they score, and the weak caption this gives.

A scorer says nothing itself: its claims have no text, are of kind «score», and carry as label the
captioner and the label of the claim that was scored, «clap-captioner/a dog barks».
"""

from collections.abc import Sequence

from captioners.contract import Captioner, Media
from manifests.evidence import Claim, WeakCaption


def statements(media: Media) -> list[tuple[str, str]]:
    """Label of the score and text of each claim that the scorer may read and that says something.

    In the order of the captioners, then of their claims.
    """
    return [
        (f"{name}/{claim.label}", claim.text)
        for name, weak in media.said.items()
        for claim in weak.claims
        if claim.text.strip()
    ]


def scored(
    captioner: Captioner, media: Media, labels: Sequence[str], scores: Sequence[float]
) -> WeakCaption:
    """The weak caption of a scorer: one claim of kind «score» for each label, without text."""
    claims = tuple(
        Claim(label=label, text="", kind="score", modality=captioner.modality, score=score)
        for label, score in zip(labels, scores, strict=True)
    )
    return captioner.weak(media, claims=claims)
