"""The stage `embed`: an encoder's vectors of every clip, and how near they are to its captions."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from captioners.encoder.model import EmbeddingModel
from captioners.weights.models import Models
from engine.media.decode import VERSION as DECODER_VERSION
from engine.media.decode import DecodePlan
from engine.profile.profile import ModelSpec, Profile, ProfileError
from engine.stages.contract import Reading, Rows, Stage, Step, Unit, Work
from engine.stages.models import decode_plan, identity, model_class, weights
from manifests.ids import digest
from manifests.kinds import CAPTIONS, FILTERED, QUARANTINE, SIMILARITY
from pipelines.length import LONGEST_MS

if TYPE_CHECKING:
    from engine.stages.tools import Tools

ENCODE = "encode"
VERSION = 2
"""Raised when the same vectors give other rows than before."""
COMPARED = "compared"
"""What the books call a clip whose captions were compared."""


class EmbedStage(Stage):
    """Embeds the clips of a workspace with the profile's encoder.

    captions: the job whose captions are compared with the media. Raises ProfileError for a profile
    without an encoder.
    """

    name = "embed"
    doing = "embedding"

    def __init__(self, profile: Profile, captions: str) -> None:
        super().__init__(profile)
        self.captions = captions

    def __reduce__(self) -> Any:
        return type(self), (self.profile, self.captions)

    @cached_property
    def encoder(self) -> ModelSpec:
        """The encoder. Raises ProfileError where the profile names none."""
        if self.profile.encoder is None:
            raise ProfileError(f"profile {self.profile.name} has no [encoder]: embedding needs one")
        return self.profile.encoder

    @cached_property
    def plan(self) -> DecodePlan:
        """What the encoder needs."""
        return decode_plan([self.encoder])

    @property
    def may_be_longer(self) -> bool:
        """Whether clips of this profile may go on after what is embedded of them."""
        clips = self.profile.clips
        return 1000 * (clips.max_seconds + clips.min_tail_seconds) > LONGEST_MS

    @cached_property
    def embeddings(self) -> str:
        """The table of vectors: changed only by what changes them."""
        spec = self.encoder
        parts: list[Any] = [self.cut, DECODER_VERSION, identity(spec, self.profile)]
        if self.may_be_longer:
            parts.append(LONGEST_MS)
        model = model_class(spec)
        if not issubclass(model, EmbeddingModel):
            raise ProfileError(f"encoder {spec.name}: {model.__name__} is not an EmbeddingModel")
        width = model.width_of(spec.options, Models())
        return f"embeddings/{spec.name}-{width}-{digest(parts)}"

    @property
    def tables(self) -> tuple[str, ...]:
        """Vectors, then similarities and quarantine."""
        return self.embeddings, SIMILARITY.name, QUARANTINE.name

    @property
    def reads(self) -> Mapping[str, Reading]:
        """The captions, the clips that a rule of captioning left out, and its own vectors: jobs with
        other captions fill them too."""
        return {
            CAPTIONS.name: Reading(CAPTIONS.name, self.captions),
            FILTERED.name: Reading(FILTERED.name, self.captions),
            self.embeddings: Reading(self.embeddings),
        }

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """One: the encoder."""
        unit = Unit(self.encoder.name, self.encoder, self.encoder.server)
        return (Step(ENCODE, (unit,), decodes=True),)

    @cached_property
    def digest(self) -> str:
        """Digest of every setting that shapes a row."""
        shaping = {name: value for name, value in self.settings().items() if name != "identity"}
        return digest([VERSION, shaping])

    def settings(self) -> dict[str, Any]:
        """The resolved settings, as kept in the workspace under the digest. identity: of the encoder,
        whatever the cut is; the name of the table tells it from others of the same cut."""
        return {
            "cut": self.cut,
            "encoder": self.encoder.name,
            "embeddings": self.embeddings,
            "captions": self.captions,
            "identity": digest(identity(self.encoder, self.profile)),
        }

    @cached_property
    def needed_models(self) -> list[str]:
        """Packs, hub models and folders that must be here before the run."""
        return list(weights(self.encoder, self.profile))

    def detail(self, rows: Rows) -> Mapping[str, int]:
        """Clips whose captions were compared."""
        similar = rows.get(SIMILARITY.name, ())
        return {COMPARED: sum(row["caption_digest"] is not None for row in similar)}

    def work(self, tools: "Tools") -> Work:
        """What embeds batches in a shard worker."""
        from pipelines.embed.work import EmbedWork  # brings Ray

        return EmbedWork(self, tools)
