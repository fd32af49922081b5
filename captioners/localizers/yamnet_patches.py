"""When claims are heard by YAMNet's patches, for machines without a GPU.

YAMNet knows no texts, so a claim is looked for by its labels: the classes of AudioSet under which
captioners claimed it. A patch is 0.96 s of sound, one every 0.48 s; a claim is heard in those where the
likeliest of its classes has a probability above 0.3. So times are no finer than half a second, and of a
claim that no captioner gave a class nothing is known.
"""

from collections.abc import Mapping
from typing import Any

from captioners.audio._level import raised
from captioners.audio._sound import HZ
from captioners.audio.yamnet import PATCH_MS, PATCH_SAMPLES, STEP_MS, Network, YamNet, prepare
from captioners.contract import Packs
from captioners.localizers.localizer import Heard, Localizer, Texts, heard_at
from manifests.media import Media, Needs


class YamNetPatches(Localizer):
    """Looks for the classes of AudioSet."""

    by = "yamnet patches"
    needs = Needs(audio_hz=HZ)
    packs = YamNet.packs

    def __init__(self, name: str, packs: Packs, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(name, packs, options)
        self._network: Network | None = None

    @classmethod
    def state_of(cls, options: Mapping[str, Any]) -> str:
        """Its answers are those of the captioner's network and front end."""
        return f"yamnet {YamNet.version}"

    def load(self) -> None:
        """Loads the network. Raises `captioners.weights.packs.PackMissing`."""
        self._network = Network(self.weights.path("yamnet"))

    def heard(self, media: Media, texts: Texts) -> dict[str, Heard]:
        """When each text with a class is heard. As of the captioner, a sound shorter than a patch counts
        for its share of it."""
        if self._network is None:
            raise RuntimeError(f"{self.name}: load() comes before heard()")
        samples = raised(media.audio[HZ])
        if len(samples) == 0:
            raise ValueError(f"clip {media.clip_id} has no sound")
        column = {label: at for at, label in enumerate(self._network.classes)}
        known = {
            text: [column[label] for label in of if label in column] for text, of in texts.items()
        }
        if not any(known.values()):
            return {}
        each, _ = self._network.run(prepare(samples))
        each *= min(1.0, len(samples) / PATCH_SAMPLES)
        return {
            text: heard_at(each[:, columns].max(axis=1), STEP_MS, PATCH_MS, media.duration_ms)
            for text, columns in known.items()
            if columns
        }
