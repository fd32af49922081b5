"""The stage `localize`: when the claims of another job's captions are heard."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from captioners.localizers.localizer import Localizer
from captioners.weights.models import terms
from engine.media.decode import VERSION as DECODER_VERSION
from engine.media.decode import DecodePlan
from engine.profile.profile import LocalizerSpec, Profile, ProfileError
from engine.stages.contract import Reading, Stage, Step, Unit, Work
from engine.stages.models import decode_plan, identity, model_class, weights
from manifests.ids import digest
from pipelines.localize.names import CAPTIONED, LEFT_OUT

if TYPE_CHECKING:
    from engine.stages.tools import Tools

_VERSION = 1
"""Of which claims are looked for (`pipelines.localize.claims`)."""


class LocalizeStage(Stage):
    """Looks for the claims of a captioning job. captions: its digest. cut: that of its clips, which the
    profile's own settings need not make.

    Raises ProfileError for a profile without a localizer.
    """

    name, doing = "localize", "localizing"
    tables = ("spans", "filtered", "quarantine")

    def __init__(self, profile: Profile, captions: str, cut: str) -> None:
        super().__init__(profile)
        self.captions, self._cut = captions, cut

    def __reduce__(self) -> tuple[type[Stage], tuple[Any, ...]]:
        return type(self), (self.profile, self.captions, self._cut)

    @property
    def cut(self) -> str:
        """Digest of how sources became the clips of the captioning job."""
        return self._cut

    @cached_property
    def localizer(self) -> LocalizerSpec:
        """What looks for claims. Raises ProfileError where the profile does not say."""
        spec = self.profile.localizer
        if spec is None:
            raise ProfileError(
                f"profile {self.profile.name} has no [localizer]: add one (docs/localize.md), or name "
                "a profile that has: captionmill localize WORKSPACE --profile cpu"
            )
        if not issubclass(model_class(spec), Localizer):
            raise ProfileError(f"{spec.name}: {spec.use} is not a localizer")
        return spec

    @property
    def reads(self) -> Mapping[str, Reading]:
        """The captions, and the clips that a rule of captioning left out."""
        return {
            CAPTIONED: Reading("captions", self.captions),
            LEFT_OUT: Reading("filtered", self.captions),
        }

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The localizer."""
        spec = self.localizer
        return (Step("localize", (Unit(spec.name, spec, spec.server),), decodes=True),)

    @cached_property
    def plan(self) -> DecodePlan:
        """Sound."""
        return decode_plan([self.localizer])

    @cached_property
    def digest(self) -> str:
        """Digest of the captions' job and of what decides when their claims are heard."""
        return digest(self.settings())

    def settings(self) -> dict[str, Any]:
        """The resolved settings. captions: the job whose claims they are."""
        return {
            "captions": self.captions,
            "cut": self.cut,
            "decoder": DECODER_VERSION,
            "localizer": identity(self.localizer, self.profile),
            "version": _VERSION,
        }

    @cached_property
    def licence(self) -> dict[str, Any]:
        """The columns of every row that tell the terms of the localizer's models."""
        spec = self.localizer
        behind = [terms(name) for name in weights(spec, self.profile)]
        if (own := model_class(spec).terms_of(spec.options)) is not None:
            behind.append(own)
        allowed = [each.outputs_train for each in behind]
        return {
            "licence": " AND ".join(sorted({each.licence for each in behind})),
            "outputs_train": False if False in allowed else None if None in allowed else True,
        }

    @property
    def needed_models(self) -> Sequence[str]:
        """Packs, hub models and folders that must be here before the run."""
        return weights(self.localizer, self.profile)

    def work(self, tools: "Tools") -> Work:
        """What works batches in a shard worker."""
        from pipelines.localize.work import LocalizeWork  # brings Ray

        return LocalizeWork(self, tools)
