"""A dummy captioner that asks for many large frames: what tests bound are then bytes of media."""

from captioners.dummy import DummyVideo
from manifests.media import Needs

SIDE, FRAMES = 256, 16


class Wide(DummyVideo):
    """Says what `DummyVideo` says, of 3 MiB of frames a clip."""

    needs = Needs(frames=FRAMES, frame_px=SIDE)
