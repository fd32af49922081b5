"""What scorers share: what of others is scored, and the weak caption that this gives.

A scorer says nothing itself: its claims have no text, are of kind "score", and carry as label the
captioner and the label of the claim that was scored ("yamnet/Dog"). Their score is how well the clip fits
the text, in the scorer's own unit; their rank, the share of the decoys that fit it worse
(`captioners.scorers._decoys`). What is heard is ranked among decoys that are heard, what is seen among
those that are seen.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from captioners._transformers import TransformersCaptioner
from captioners.contract import Packs
from captioners.scorers._decoys import decoys, decoys_digest, rank
from manifests.evidence import Claim, Modality, WeakCaption
from manifests.media import Media

if TYPE_CHECKING:
    from torch import Tensor

Fits = Callable[["Tensor"], Sequence[float]]
"""How well a clip fits each of some texts, given as vectors (n, width)."""


class Scorer(TransformersCaptioner):
    """A captioner of which every claim is what another one's claim is worth."""

    version = 2

    def __init__(self, name: str, packs: Packs, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(name, packs, options)
        self._decoys: dict[Modality, Tensor] = {}

    @classmethod
    def state_of(cls, options: Mapping[str, Any]) -> str:
        """Its ranks depend on the decoys."""
        return decoys_digest()

    @abstractmethod
    def texts(self, texts: Sequence[str]) -> "Tensor":
        """Texts as vectors, float32, (n, width)."""

    @abstractmethod
    def fits(self, media: Media) -> Fits:
        """How well a clip fits texts. The clip is looked at once, however often that is asked. Raises
        ValueError where the sound or picture that it needs is missing."""

    def scored(self, media: Media) -> WeakCaption:
        """The scores and ranks of all claims with a text that it may read, in the order of the
        captioners read, then of their claims. The clip is not looked at where nobody said anything."""
        statements = [
            (f"{name}/{claim.label}", claim)
            for name, weak in media.said.items()
            for claim in weak.claims
            if claim.text.strip()
        ]
        if not statements:
            return self.weak(media)
        fits = self.fits(media)
        scores = fits(self.texts([claim.text for _, claim in statements]))
        asked = {claim.modality for _, claim in statements}
        of_decoys = {modality: fits(self._of_decoys(modality)) for modality in sorted(asked)}
        claims = tuple(
            Claim(
                label=label,
                text="",
                kind="score",
                modality=self.modality,
                score=score,
                rank=rank(score, of_decoys[claim.modality]),
            )
            for (label, claim), score in zip(statements, scores, strict=True)
        )
        return self.weak(media, claims=claims)

    def _of_decoys(self, modality: Modality) -> "Tensor":
        """The vectors of the decoys, made once for as long as the model is loaded."""
        if modality not in self._decoys:
            self._decoys[modality] = self.texts(decoys(modality))
        return self._decoys[modality]
