"""An encoder that fails for some clips while a file is there."""

from collections.abc import Sequence
from pathlib import Path

from captioners.dummy import DummyEmbedder
from captioners.encoder.model import Embedded
from manifests.media import Media


class FailingEmbedder(DummyEmbedder):
    """Options: `flag`, that file; `clip`, the first digits of the ids of clips that fail."""

    def answer(self, batch: Sequence[Media]) -> list[Embedded]:
        """Embeds, or raises RuntimeError."""
        if Path(self.options["flag"]).exists():
            for media in batch:
                if media.clip_id.startswith(self.options["clip"]):
                    raise RuntimeError(f"no embedding of {media.clip_id} today")
        return super().answer(batch)
