"""The stage `caption`: captioners and filters, then the writer; three captions for every clip."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from captioners.confidence import calibration
from captioners.contract import Captioner
from engine.media.decode import VERSION as DECODER_VERSION
from engine.media.decode import DecodePlan
from engine.profile.profile import CaptionerSpec, ProfileError
from engine.profile.writer import WriterSpec
from engine.stages.contract import Computing, Reading, Rows, Stage, Step, Unit, Work
from engine.stages.models import decode_plan, identity, model_class, weights
from manifests.ids import digest
from pipelines.caption.licences import Licence, licence
from pipelines.caption.names import CAPTIONERS, GUARDS, WRITER

if TYPE_CHECKING:
    from engine.stages.tools import Tools


class CaptionStage(Stage):
    """Captions clips under a profile. Everything here follows from the profile and the installed code.

    Raises ProfileError for a profile without captioners or without a writer.
    """

    name = "caption"
    doing = "captioning"

    @cached_property
    def writer(self) -> WriterSpec:
        """How captions are written. Raises ProfileError where the profile does not say."""
        if self.profile.writer is None:
            raise ProfileError(f"profile {self.profile.name} has no [writer]: captioning needs one")
        return self.profile.writer

    @cached_property
    def classes(self) -> dict[str, type[Captioner]]:
        """The class of each captioner. Raises ProfileError for one that can't be imported."""
        classes = {spec.name: model_class(spec) for spec in self.profile.captioners}
        for name, named in classes.items():
            if not issubclass(named, Captioner):
                raise ProfileError(f"captioner {name}: {named.__name__} is not a Captioner")
        return cast("dict[str, type[Captioner]]", classes)

    @cached_property
    def plan(self) -> DecodePlan:
        """What to decode of a clip so that every captioner has what it needs."""
        return decode_plan(self.profile.captioners)

    def models(self, spec: CaptionerSpec) -> tuple[str, ...]:
        """The models of one captioner: those it loads, and that of its server."""
        return weights(spec, self.profile)

    @cached_property
    def weak(self) -> dict[str, str]:
        """The weak table of each captioner, `weak/<name>-<digest>`: changed only by what changes
        its rows: cut, decoder, code version, options, weights, gate, and the captioners it asks."""
        names: dict[str, str] = {}
        for spec in self.profile.captioners:
            video = self.classes[spec.name].modality == "video"
            parts = [
                self.cut,
                DECODER_VERSION,
                identity(spec, self.profile),
                [condition.model_dump() for condition in spec.when],
                sorted(names[name] for name in spec.asks),
                [self.plan.frames, self.plan.frame_px] if video else [],
            ]
            names[spec.name] = f"weak/{spec.name}-{digest(parts)}"
        return names

    @property
    def tables(self) -> tuple[str, ...]:
        """The weak tables, then captions, filtered and quarantine."""
        return (*self.weak.values(), "captions", "filtered", "quarantine")

    @property
    def reads(self) -> Mapping[str, Reading]:
        """Its own weak tables: other jobs with the same captioners fill them too."""
        return {table: Reading(table) for table in self.weak.values()}

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Captioners, then the writer."""
        captioners = tuple(
            Unit(spec.name, spec, spec.server, spec.asks) for spec in self.profile.captioners
        )
        writer = Unit(
            WRITER,
            server=self.writer.model,
            after=tuple(unit.name for unit in captioners),
            slots=self.writer.concurrency,
        )
        return Step(CAPTIONERS, captioners, decodes=True), Step(WRITER, (writer,))

    @property
    def computing(self) -> Computing | None:
        """Guards that go by meaning, beside the writer."""
        if self.writer.thesaurus is None:
            return None
        return Computing(GUARDS, WRITER, self.profile.sizes.guards)

    @cached_property
    def calibrations(self) -> calibration.Calibrations:
        """Confidences of the profile's captioners."""
        folder = self.profile.calibration
        names = [spec.name for spec in self.profile.captioners]
        return calibration.load(names, Path(folder) if folder else None)

    @cached_property
    def digest(self) -> str:
        """Digest of every setting that shapes a caption row: the config digest."""
        return digest(self.settings())

    def settings(self) -> dict[str, Any]:
        """The resolved settings, as kept in the workspace under the config digest."""
        return {
            "cut": self.cut,
            "filters": [rule.model_dump() for rule in self.profile.filters],
            "captioners": self.weak,
            "order": list(self.weak),
            "calibrations": self.calibrations.digest,
            "writer": self.writer.settings(),
            "licence": [self.licence.text, self.licence.outputs_train],
        }

    @cached_property
    def licence(self) -> Licence:
        """The terms of every row."""
        return licence(self.profile, self.writer)

    @cached_property
    def needed_models(self) -> list[str]:
        """Packs, hub models and folders that must be here before the run."""
        names = [name for spec in self.profile.captioners for name in self.models(spec)]
        names += [server.model for server in self.profile.servers if server.model]
        names += [name for name in (self.writer.embedder, self.writer.thesaurus) if name]
        return list(dict.fromkeys(names))

    def check(self) -> None:
        """Raises ProfileError for what a run would find too late, or must not do: no captioners, an
        interpreter that is not there, models that the profile's own rule refuses."""
        if not self.profile.captioners:
            raise ProfileError(
                f"profile {self.profile.name} has no [[captioners]]: captioning needs at least one"
            )
        if self.profile.outputs_train and self.licence.outputs_train is not True:
            refused = [name for name, of in self.licence.of.items() if of.outputs_train is not True]
            raise ProfileError(
                f"profile {self.profile.name} allows only models whose outputs may train other "
                f"models. This is not so, or not known, of: {', '.join(refused)} "
                "(captionmill models show NAME)"
            )
        super().check()

    def detail(self, rows: Rows) -> Mapping[str, int]:
        """Captions by who wrote them, and filtered clips by rule."""
        counts: dict[str, int] = {}
        for row in rows.get("captions", ()):
            for side in ("audio_by", "visual_by", "audio_visual_by"):
                if (author := row[side]) is not None:
                    counts[author] = counts.get(author, 0) + 1
        for row in rows.get("filtered", ()):
            rule = f"filtered: {row['rule']}"
            counts[rule] = counts.get(rule, 0) + 1
        return counts

    def work(self, tools: "Tools") -> Work:
        """What captions batches in a shard worker."""
        from pipelines.caption.work import CaptionWork  # brings Ray

        return CaptionWork(self, tools)
