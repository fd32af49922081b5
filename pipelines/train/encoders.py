"""The encoder that a training begins with, by name."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from captioners.encoder.encoder import Encoder, Features
from captioners.encoder.load import PE_AV, SMALL, load, model_type
from captioners.weights.models import Models


@dataclass(frozen=True, slots=True)
class Named:
    """Makes an encoder. name: as `captioners.encoder.load.load` takes it. start: with its weights, or
    with random ones over its frozen features. Raises PackError."""

    name: str
    start: Literal["nothing", "weights"]

    def __call__(self, features: Iterable[Features] = ()) -> Encoder:
        packs = Models()
        is_pe_av = self.name != SMALL and model_type(packs.path(self.name)) == PE_AV
        if self.start == "nothing" and not is_pe_av:
            from captioners.encoder.small import Small

            return Small.new(packs, features)
        if is_pe_av:
            return _pe_av(packs.path(self.name), self.start == "nothing")
        return load(self.name, packs)


def _pe_av(folder: Path, anew: bool) -> Encoder:
    """PE-AV with weights in float32: autocast makes them bfloat16 where that is enough."""
    import torch

    from captioners.encoder.pe_av import PeAv

    known = PeAv.from_folder(folder, torch.float32)
    if not anew:
        return known
    fresh = PeAv.from_config(known.model.config, known.inputs)
    kept = {id(weight) for weights in known.parts().values() for weight in weights}
    frozen = {name: each for name, each in known.named_parameters() if id(each) not in kept}
    frozen = {name: each for name, each in frozen.items() if not name.endswith(("_scale", "_bias"))}
    with torch.no_grad():
        for name, weight in fresh.named_parameters():
            if name in frozen:
                weight.copy_(frozen[name])
        for name, buffer in known.named_buffers():
            fresh.get_buffer(name).copy_(buffer)
    return fresh
